# What `rdma monitor` and `udevadm monitor` print of RDMA devices, one of which is renamed. iproute2 has `rdma monitor` from
# 6.12 on; `--with /var/tmp/rdma` brings one along.
cd /tmp
rdma=$(ls /var/tmp/rdma 2>/dev/null || echo rdma)
modprobe rdma_rxe
modprobe siw
$rdma help 2>&1 | grep -q monitor && has_monitor=1
[ -z "$has_monitor" ] || $rdma monitor >rdma.log &
udevadm monitor --kernel --property >udev.log &
sleep 1
ip link add eth0 type dummy
ip link add eth1 type dummy
rdma link add rxe0 type rxe netdev eth0
rdma link add siw0 type siw netdev eth1
rdma dev set rxe0 name rxe1
rdma link delete rxe1
ip link delete eth1
ip link delete eth0
sleep 1
[ -z "$has_monitor" ] || { echo '# rdma monitor'; cat rdma.log; }
echo '# udevadm monitor'
cat udev.log
