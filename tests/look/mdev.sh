# What `udevadm monitor` prints of a mediated device and of its parent.
cd /tmp
modprobe mdev
udevadm monitor --kernel --property >udev.log &
sleep 1
modprobe mtty
uuid=6d646576-0000-4000-8000-000000000000
echo $uuid >/sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-1/create
echo 1 >/sys/bus/mdev/devices/$uuid/remove
rmmod mtty
sleep 1
echo '# udevadm monitor'
cat udev.log
