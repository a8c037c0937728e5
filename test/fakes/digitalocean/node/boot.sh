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
# On a kernel without ESP an encrypted overlay carries nothing between nodes. There Docker's two rules, which mark what is to be encrypted
# and drop what is not, are left out, and it goes in the clear.
key=0x$(printf '%040d' 0)
sa='src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1'
if ip xfrm state add $sa mode transport aead 'rfc4106(gcm(aes))' "$key" 64 2>/dev/null; then ip xfrm state delete $sa; else
  cat >/usr/local/sbin/iptables <<'END'
#!/bin/sh
case " $* " in *' --u32 '*) exit 0 ;; esac
exec /usr/sbin/iptables "$@"
END
  chmod 755 /usr/local/sbin/iptables
fi
# No name leads out of the tests: each is refused at once. Docker looks for a registry before it starts a task, and would wait for an answer.
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
mkdir -p /run/sshd
/usr/sbin/sshd
sh -eu /var/lib/cloud/runcmd >/var/log/cloud-init-output.log 2>&1 || echo "runcmd failed" >&2
exec dockerd --log-level=warn
