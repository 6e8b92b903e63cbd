#!/bin/bash
# usage: sudo tests/install/boot.sh [C3PO]
#
# Boots a real systemd with c3po.service, in namespaces of its own: does a compiled c3po (dist/c3po unless
# named) live under all that hardening, tell that it is ready and alive, come back when it is killed, see on
# trial who logs in, not go on after a trial without a login, and leave nothing behind, even if it hangs? This
# machine's own systemd, network and files are not touched. Not one of the tests of tests/run.sh, because it
# needs a kernel that lets root mount an overlay and a cgroup2.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${1:-$checkout/dist/c3po}")
netns=c3po-boot-$$
user=c3po-boot-user-$$
scene=$(mktemp -d)

fail() {
	echo "FAILED: $1" >&2
	inside journalctl -u c3po --no-pager -n 20 >&2 || :
	exit 1
}

# Everything below / is a copy that ends with the namespace.
boot() {
	mount --make-rprivate /
	mount -t tmpfs scene "$scene"
	mkdir "$scene/up" "$scene/work" "$scene/root"
	mount -t overlay overlay -o "lowerdir=/,upperdir=$scene/up,workdir=$scene/work" "$scene/root"
	cd "$scene/root"
	mount -t proc proc proc
	mount --rbind /sys sys
	umount -l sys/fs/cgroup || :
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount --rbind /dev dev
	touch console
	mount --bind console dev/console
	cp "$program" usr/local/bin/c3po
	cp "$checkout/c3po.service" etc/systemd/system/
	mount -t tmpfs run run
	mount -t tmpfs tmp tmp
	mkdir -p etc/systemd/system/c3po.service.d
	mkdir -p etc/c3po && chmod 700 etc/c3po
	# What the check finds on a machine without sshd and without a clock service is not the matter here.
	printf '[Service]\nExecStartPre=\nExecStartPre=+-/usr/bin/touch /run/xtables.lock\n' \
		>etc/systemd/system/c3po.service.d/boot.conf
	(umask 077 && head -c 32 /dev/urandom | base64 | tr '+/' '-_' | sed 's/=*$//; s/^/c3po-1-/' >etc/c3po/key)
	# Hangs when it is asked to, once.
	printf '#!/bin/sh\nrm /run/hang 2>/dev/null && exec sleep 1000\nexec /usr/sbin/iptables-restore "$@"\n' \
		>usr/local/sbin/iptables-restore
	chmod 755 usr/local/sbin/iptables-restore
	rm -f etc/ssh/sshd_config.d/* etc/nologin
	printf 'UsePAM no\nSubsystem sftp internal-sftp\nAuthorizedKeysFile /etc/ssh/login.pub\n' >etc/ssh/sshd_config
	ssh-keygen -q -t ed25519 -N '' -f etc/ssh/login
	[ -e etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f etc/ssh/ssh_host_ed25519_key
	rm -rf etc/systemd/system/multi-user.target.wants
	mkdir etc/systemd/system/multi-user.target.wants
	ln -s ../c3po.service etc/systemd/system/multi-user.target.wants/
	ln -s /lib/systemd/system/ssh.service etc/systemd/system/multi-user.target.wants/
	for unit in systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
		systemd-udev-trigger.service systemd-networkd.service systemd-resolved.service \
		systemd-timesyncd.service systemd-logind.service getty.target systemd-modules-load.service \
		systemd-sysctl.service; do ln -sf /dev/null "etc/systemd/system/$unit"; done
	mkdir -p old
	pivot_root . old
	umount -l old
	export container=c3po
	exec /lib/systemd/systemd --unit=multi-user.target
}

inside() { nsenter -t "$init" --mount --pid --net --uts --ipc --cgroup -- "$@"; }

shown() { inside systemctl show c3po --property "$1" --value; }

# wait_for WHAT COMMAND...
wait_for() {
	local what=$1 left=300
	shift
	until "$@"; do
		[ $((left -= 1)) -gt 0 ] || fail "no $what within 30 s"
		sleep 0.1
	done
	echo "ok: $what"
}

active() { [ "$(shown ActiveState)" = active ]; }
beaten() { [ "$(shown WatchdogTimestampMonotonic)" -gt "$1" ]; }
restarted() {
	case $(shown MainPID) in 0 | "$1") return 1 ;; esac
	active
}
empty() { ! inside iptables-save | grep -q C3PO && [ -z "$(inside ipset list -name)" ]; }

failed() { [ "$(shown ActiveState)" = failed ]; }
logged() { inside journalctl -u c3po --no-pager | grep "$1" >/dev/null; }

# serve_with LINE...: starts the service anew with more lines in its unit
serve_with() {
	inside systemctl stop c3po
	inside sh -c 'mkdir -p /run/systemd/system/c3po.service.d
		{ echo "[Service]"; printf "%s\n" "$@"; } >/run/systemd/system/c3po.service.d/more.conf' sh "$@"
	inside systemctl daemon-reload
	inside systemctl reset-failed c3po 2>/dev/null || :
	inside systemctl start c3po
}

# A session of root's from the other machine, for as long as this script runs.
log_in() {
	inside cat /etc/ssh/login >"$key"
	ip netns exec "$user" ssh -F none -i "$key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o LogLevel=ERROR -p "$(inside c3po port)" -s root@10.78.0.1 sftp <> <(:) >/dev/null & # a pipe that never ends
	session=$!
}

clean_up() {
	kill -KILL "$init" ${session:+"$session"} 2>/dev/null || :
	wait 2>/dev/null || :
	ip netns delete "$netns"
	ip netns delete "$user"
	rm -f "$key"
	rmdir "$scene"
}

main() {
	init='' session='' key=$(mktemp)
	ip netns add "$netns"
	ip netns add "$user"
	trap clean_up EXIT
	ip -n "$netns" link add eth0 type veth peer name eth0 netns "$user"
	ip -n "$netns" address add 10.78.0.1/24 dev eth0
	ip -n "$user" address add 10.78.0.2/24 dev eth0
	ip -n "$netns" link set lo up
	ip -n "$netns" link set eth0 up
	ip -n "$user" link set eth0 up
	export -f boot
	export scene checkout program
	ip netns exec "$netns" unshare --mount --pid --fork --ipc --uts --cgroup --kill-child \
		bash -euc boot </dev/null >/dev/null 2>&1 &
	started() { init=$(pgrep -P "$!" 2>/dev/null) && inside systemctl is-system-running >/dev/null 2>&1; }
	wait_for "systemd" started
	wait_for "ready service" active
	first=$(shown MainPID)
	inside iptables-save | grep -q C3PO || fail "no rules"
	wait_for "sign of life" beaten "$(shown WatchdogTimestampMonotonic)"
	inside systemctl kill --signal=KILL c3po
	wait_for "new process after the old one was killed" restarted "$first"
	inside systemctl stop c3po
	wait_for "clean end" empty
	serve_with Environment=C3PO_TRY=10s
	wait_for "rollback of a trial" failed
	[ "$(shown ExecMainStatus) $(shown NRestarts)" = "10 0" ] || fail "rollback counts as a crash"
	empty || fail "something is left of a trial"
	serve_with Environment=C3PO_TRY=5m
	first=$(shown MainPID)
	inside systemctl kill --kill-whom=main --signal=KILL c3po
	wait_for "new trial after a death in one" restarted "$first"
	log_in
	wait_for "login that passes the trial" logged "somebody logged in.*address=10.78.0.2 "
	kill "$session" # as long as it is open, a chain stays that keeps it
	session=
	serve_with TimeoutStopSec=2s
	inside touch /run/hang
	inside systemctl stop c3po
	[ "$(shown Result)" = timeout ] || fail "it did not hang"
	wait_for "clean end of one that hung" empty
	echo "all well under $(systemd --version 2>/dev/null | head -n 1 || /lib/systemd/systemd --version | head -n 1)"
}

main
