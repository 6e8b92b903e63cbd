# shellcheck shell=bash
# For scripts beside this: boots a real systemd in namespaces of its own, on a copy of a Debian that ends with
# them, with a network to a second machine. The systemd, network and files of this machine are not touched.
# Needs root, and a kernel that lets it mount an overlay and a cgroup2.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
base=${BASE:-/} # the folder of the Debian
netns=c3po-boot-$$
user=c3po-boot-user-$$
scene=$(mktemp -d)
machine='' init='' session='' key=$(mktemp)

fail() {
	echo "FAILED: $1" >&2
	inside journalctl -u c3po --no-pager -n 20 >&2 || :
	exit 1
}

# Everything below / is a copy that ends with the namespace. In it `prepare`, of the script that uses this, puts
# what it needs.
install_machine() {
	mount --make-rprivate /
	mount -t tmpfs scene "$scene"
	mkdir "$scene/up" "$scene/work" "$scene/root"
	mount -t overlay overlay -o "lowerdir=$base,upperdir=$scene/up,workdir=$scene/work" "$scene/root"
	cd "$scene/root" || exit
	rm -rf etc/c3po var/lib/c3po etc/systemd/system/c3po.service*
	mkdir -p etc/c3po && chmod 700 etc/c3po
	# What the check finds on a machine without sshd and without a clock service is not the matter here.
	mkdir -p etc/systemd/system/c3po.service.d
	printf '[Service]\nExecStartPre=\nExecStartPre=+-/usr/bin/touch /run/xtables.lock\n' \
		>etc/systemd/system/c3po.service.d/boot.conf
	(umask 077 && head -c 32 /dev/urandom | base64 | tr '+/' '-_' | sed 's/=*$//; s/^/c3po-1-/' >etc/c3po/key)
	rm -f etc/ssh/sshd_config.d/* etc/nologin
	printf 'UsePAM no\nSubsystem sftp internal-sftp\nAuthorizedKeysFile /etc/ssh/login.pub\n' >etc/ssh/sshd_config
	ssh-keygen -q -t ed25519 -N '' -f etc/ssh/login
	[ -e etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f etc/ssh/ssh_host_ed25519_key
	rm -rf etc/systemd/system/multi-user.target.wants
	mkdir etc/systemd/system/multi-user.target.wants
	ln -s /lib/systemd/system/ssh.service etc/systemd/system/multi-user.target.wants/
	# Formats of programs that the kernel knows are this machine's, in whatever namespace systemd ends.
	for unit in systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount \
		systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
		systemd-udev-trigger.service systemd-networkd.service systemd-resolved.service \
		systemd-timesyncd.service systemd-logind.service getty.target systemd-modules-load.service \
		systemd-sysctl.service; do ln -sf /dev/null "etc/systemd/system/$unit"; done
	prepare
}

boot() {
	mount --make-rprivate /
	cd "$scene/root" || exit
	mount -t proc proc proc
	mount --rbind /sys sys
	umount -l sys/fs/cgroup || :
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount --rbind /dev dev
	touch console
	mount --bind console dev/console
	mount -t tmpfs run run
	mount -t tmpfs tmp tmp
	mkdir -p old
	pivot_root . old
	umount -l old
	export container=c3po
	exec /lib/systemd/systemd --unit=multi-user.target
}

# Boots, and again after each `systemctl reboot`, which ends the first process of a namespace by SIGHUP. What the
# kernel of a real machine forgets meanwhile it is made to forget.
run_machine() {
	install_machine
	while
		code=0
		unshare --mount --pid --fork --ipc --uts --cgroup --kill-child bash -euc boot || code=$?
		[ "$code" = $((128 + $(kill -l HUP))) ]
	do
		nft flush ruleset
		ipset destroy
	done
}

inside() { nsenter -t "$init" --mount --pid --net --uts --ipc --cgroup -- "$@"; }

shown() { inside systemctl show c3po --property "$1" --value; }

# wait_for WHAT COMMAND...
wait_for() {
	local what=$1 left=1200
	shift
	until "$@"; do
		[ $((left -= 1)) -gt 0 ] || fail "no $what within two minutes"
		sleep 0.1
	done
	echo "ok: $what"
}

active() { [ "$(shown ActiveState)" = active ]; }
restarted() {
	case $(shown MainPID) in 0 | "$1") return 1 ;; esac
	active
}
loaded() { [[ $(inside iptables-save 2>/dev/null) == *C3PO* || $(inside nft list tables) == *"inet c3po"* ]]; }
empty() { ! loaded && [ -z "$(inside ipset list -name 2>/dev/null)" ]; }

# Sets `login` to the ssh of the other machine, as root here, through the port of this minute.
find_login() {
	inside cat /etc/ssh/login >"$key"
	# shellcheck disable=SC2034 # for the script that uses this
	login=(ip netns exec "$user" ssh -F none -i "$key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
		-o LogLevel=ERROR -o ConnectTimeout=5 -p "$(inside c3po port)" root@10.78.0.1)
}

clean_up() {
	kill -KILL "$machine" "$init" ${session:+"$session"} 2>/dev/null || :
	wait 2>/dev/null || :
	ip netns delete "$netns"
	ip netns delete "$user"
	rm -f "$key"
	rmdir "$scene"
}

start_machine() {
	ip netns add "$netns"
	ip netns add "$user"
	trap clean_up EXIT
	ip -n "$netns" link add eth0 type veth peer name eth0 netns "$user"
	ip -n "$netns" address add 10.78.0.1/24 dev eth0
	ip -n "$user" address add 10.78.0.2/24 dev eth0
	ip -n "$netns" link set lo up
	ip -n "$netns" link set eth0 up
	ip -n "$user" link set eth0 up
	export -f install_machine prepare boot run_machine
	export scene checkout base
	ip netns exec "$netns" unshare --mount bash -euc run_machine </dev/null >/dev/null 2>&1 &
	machine=$!
	wait_for "systemd" started
}

started() {
	local parent
	parent=$(pgrep -P "$machine" -x unshare) && init=$(pgrep -P "$parent" -x systemd) &&
		inside systemctl is-system-running >/dev/null 2>&1
}

reboot_machine() {
	inside systemctl reboot 2>/dev/null || : # without a logind it says so, and does it
	# shellcheck disable=SC2317 # wait_for calls it
	ended() { [ ! -e "/proc/$init" ]; }
	wait_for "end of the machine" ended
	wait_for "systemd after a reboot" started
}

all_well() { echo "all well under $(inside /lib/systemd/systemd --version | head -n 1)"; }
