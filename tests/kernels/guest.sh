#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's init: runs profound on this kernel, scenario by scenario, and sends what it wrote through the second
# serial line. It judges nothing: test_kernels.py does. Each scenario leaves NAME.folded, .json, .err and .code.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mkdir -p /tmp/out
cd /tmp/out
uname -r -v >kernel.txt

# record NAME ARGUMENTS...
record() {
	name=$1
	shift
	profound record -o "$name.folded" --stats "$name.json" "$@" >"$name.out" 2>"$name.err"
	echo "$?" >"$name.code"
}

say() {
	echo "guest: $*"
}

say chain
chain 60 >/dev/null &
pid=$!
chain 60 >/dev/null &
other=$!
sleep 0.5
record chain -p "$pid" -F 99 -d 5
kill "$pid" "$other"

say bare
for program in bare throwing; do
	"$program" 60 >/dev/null &
	pid=$!
	sleep 0.2
	record "$program" -p "$pid" -F 499 -d 3
	kill "$pid"
done

say command
record command -F 99 -- family fork 2

say everything
kernel 60 >/dev/null &
pid=$!
record everything -F 499 -d 3
kill "$pid"

say hotplug
chain 60 >/dev/null &
pid=$!
record hotplug -F 99 -d 9 &
recorder=$!
sleep 2
echo 0 >/sys/devices/system/cpu/cpu1/online
sleep 1
echo 1 >/sys/devices/system/cpu/cpu1/online
echo "$?" >hotplug.online
sleep 1.5 # by then its event is open; what execs there before that is seen by no sideband
taskset 2 late 60 >/dev/null &
late=$!
wait "$recorder"
kill "$pid" "$late"

say agent
chain 60 >/dev/null &
pid=$!
profound agent --interval 2 -F 99 --store /tmp/store --listen none >agent.log 2>&1 &
agent=$!
sleep 3
echo 0 >/sys/devices/system/cpu/cpu1/online
sleep 1
echo 1 >/sys/devices/system/cpu/cpu1/online
sleep 4
kill "$agent"
wait "$agent"
echo "$?" >agent.status
kill "$pid"
profound query --store /tmp/store --since 1h -q -o agent.folded --stats agent.json >agent.out 2>agent.err
echo "$?" >agent.code

say reuse
record reuse -F 99 --comm stage1 --comm stage2 -d 8 &
recorder=$!
sleep 1
reuse 4000 1 /bin/stage1 /bin/stage2 >reuse.pids 2>&1
wait "$recorder"

say module
record module -F 499 -- insmod /module.ko

say cgroup
mkdir -p /tmp/cgroup && mount -t cgroup2 none /tmp/cgroup && mkdir /tmp/cgroup/ours
chain 60 >/dev/null &
pid=$!
echo "$pid" >/tmp/cgroup/ours/cgroup.procs
deep 60 5 >/dev/null &
other=$!
record cgroup -G /tmp/cgroup/ours -F 99 -d 3
kill "$pid" "$other"

profound doctor >doctor.out 2>&1
dmesg | grep -E 'BUG:|WARNING:|Oops|rcu.*stall' >dmesg.txt
say done
tar c . | gzip | base64 >/dev/ttyS1
sync
poweroff -f
