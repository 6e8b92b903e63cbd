#!/bin/bash
# usage: sudo [BASE=FOLDER] tests/install/packages.sh [DEB]
#
# Boots a real systemd in namespaces of its own, on a copy of this Debian or of the one in FOLDER, and has its dpkg
# install, upgrade, remove and purge the package (that of this machine in dist unless named) under a service that
# runs: is nothing enabled by itself, is there no gap at an upgrade, does a removal leave the key and a purge
# nothing? Not one of the tests of tests/run.sh, because of what machine.sh needs.
set -euo pipefail
# shellcheck source=tests/install/machine.sh
. "$(dirname "$0")/machine.sh"

deb=$(realpath "${1:-$(find "$checkout/dist" -name "c3po_*_$(dpkg --print-architecture).deb")}")
old=$(mktemp -d)

prepare() {
	cp "$deb" new.deb
	cp "$old/old.deb" .
	echo 'ban_time = "10m"' >etc/c3po/server.toml
	mkdir var/lib/c3po
}

# The same program as an older package, and one that says so.
make_old() {
	dpkg-deb -R "$deb" "$old/root"
	sed -i 's/^Version: .*/Version: 0.0.1-1/' "$old/root/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone --build "$old/root" "$old/old.deb" >/dev/null
	rm -rf "$old/root"
}

package() { inside env DEBIAN_FRONTEND=noninteractive dpkg "$@" >/dev/null; }
# shellcheck disable=SC2016 # words of dpkg-query
installed() { inside dpkg-query --show --showformat '${Version} ${db:Status-Abbrev}' c3po 2>/dev/null; }
enabled() { inside systemctl is-enabled c3po 2>/dev/null || :; }

# expect WHAT VALUE WANTED
expect() {
	[ "$2" = "$3" ] || fail "$1: \"$2\" instead of \"$3\""
	echo "ok: $1"
}

# Looks each tenth of a second whether the rules are there and sshd's own port is hidden; ends at a gap.
watch_gap() {
	while [ ! -e "$old/enough" ]; do
		loaded || { echo "no rules" && return 1; }
		! ip netns exec "$user" timeout 0.3 bash -c '</dev/tcp/10.78.0.1/22' 2>/dev/null ||
			{ echo "port 22 is open" && return 1; }
		looks=$((${looks:-0} + 1))
		sleep 0.1
	done
	echo "$looks looks"
}

main() {
	trap 'rm -rf "$old"' EXIT
	make_old
	export deb old
	start_machine
	trap 'clean_up; rm -rf "$old"' EXIT
	package -i /old.deb
	expect "installed" "$(installed)" "0.0.1-1 ii "
	expect "not started by itself" "$(shown ActiveState)" inactive
	expect "not enabled by itself" "$(enabled)" disabled
	inside systemctl enable --now --quiet c3po
	wait_for "ready service" active
	inside pidof sshd >/dev/null || fail "sshd does not run"
	find_login
	"${login[@]}" true || fail "no login"
	"${login[@]}" sleep 1000 &
	session=$!
	first=$(shown MainPID)
	watch_gap >"$old/gap" &
	watch=$!
	package -i /new.deb
	expect "upgraded" "$(installed)" "$(dpkg-deb -f "$deb" Version) ii "
	wait_for "the new program after the old one" restarted "$first"
	touch "$old/enough"
	wait "$watch" || fail "a gap at the upgrade: $(cat "$old/gap")"
	echo "ok: no gap at the upgrade, by $(cat "$old/gap")"
	expect "the file of the package runs" "$(inside readlink "/proc/$(shown MainPID)/exe")" /usr/bin/c3po
	expect "still enabled" "$(enabled)" enabled
	kill -0 "$session" || fail "the session of before has ended"
	find_login
	"${login[@]}" true || fail "no login after the upgrade"
	echo "ok: login after the upgrade, and the session of before goes on"
	kill "$session"
	session=
	package -r c3po
	wait_for "clean end at the removal" empty
	expect "no longer enabled" "$(inside find /etc/systemd/system -name c3po.service)" ""
	expect "key and settings stay" "$(inside find /etc/c3po -type f | sort | xargs)" "/etc/c3po/key /etc/c3po/server.toml"
	package -i /new.deb
	inside systemctl start c3po
	package -P c3po
	wait_for "clean end at the purge" empty
	expect "nothing stays" "$(inside find /usr /etc /var /run -path /var/log -prune -o -name '*c3po*' \
		! -name c3po.service.d -print)" ""
	all_well
}

main
