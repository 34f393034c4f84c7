# What `ip monitor link` and `udevadm monitor` print of a netdevsim device.
cd /tmp
ip monitor link >ip.log &
udevadm monitor --kernel --property >udev.log &
sleep 1
echo '0 2' >/sys/bus/netdevsim/new_device
echo 0 >/sys/bus/netdevsim/del_device
sleep 1
echo '# ip monitor link'
cat ip.log
echo '# udevadm monitor'
cat udev.log
