#!/bin/sh
# What an init would do: the first boot (the commands of cloud-init, in /var/lib/cloud/), sshd, dockerd.
set -eu
for mount in $(awk '$5 ~ "^/sys/fs/cgroup" { print $5 }' /proc/self/mountinfo); do mount -o remount,bind,rw "$mount"; done
# Without this, a cgroup that has processes can't give its children controllers.
if [ -e /sys/fs/cgroup/cgroup.subtree_control ]; then
  mkdir -p /sys/fs/cgroup/init
  while ! { xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
    sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; }; do
    sleep 0.1
  done
fi
mkdir -p /run/sshd
/usr/sbin/sshd
sh -eu /var/lib/cloud/runcmd >/var/log/cloud-init-output.log 2>&1 || echo "runcmd failed" >&2
exec dockerd --log-level=warn
