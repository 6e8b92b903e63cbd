#!/bin/bash
# usage: sudo tests/install/boot.sh [C3PO [ENGINE]]
#
# Boots a real systemd with c3po.service, in namespaces of its own: does a compiled c3po (dist/c3po unless
# named) live, with iptables or with nftables, under all that hardening, tell that it is ready and alive, come
# back when it is killed, see on trial who logs in, not go on after a trial without a login, and leave nothing
# behind, even if it hangs? Does c3po setup have it start, now and at boot? Not one of the tests of
# tests/run.sh, because of what machine.sh needs.
set -euo pipefail
# shellcheck source=tests/install/machine.sh
. "$(dirname "$0")/machine.sh"

program=$(realpath "${1:-$checkout/dist/c3po}")
engine=${2:-auto}

prepare() {
	cp "$program" usr/local/bin/c3po
	cp "$checkout/c3po.service" etc/systemd/system/
	echo "firewall = \"$engine\"" >etc/c3po/server.toml
	# Hang when they are asked to, once.
	local tool
	for tool in iptables-restore nft; do
		printf '#!/bin/sh\nrm /run/hang 2>/dev/null && exec sleep 1000\nexec /usr/sbin/%s "$@"\n' "$tool" \
			>"usr/local/sbin/$tool"
		chmod 755 "usr/local/sbin/$tool"
	done
	ln -s ../c3po.service etc/systemd/system/multi-user.target.wants/
}

beaten() { [ "$(shown WatchdogTimestampMonotonic)" -gt "$1" ]; }
failed() { [ "$(shown ActiveState)" = failed ]; }
watch_rules() { while loaded; do sleep 0.02; done; }
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
	find_login
	"${login[@]}" -s sftp <> <(:) >/dev/null & # a pipe that never ends
	session=$!
}

main() {
	export program engine
	start_machine
	wait_for "ready service" active
	first=$(shown MainPID)
	loaded || fail "no rules"
	wait_for "sign of life" beaten "$(shown WatchdogTimestampMonotonic)"
	inside systemctl kill --signal=KILL c3po
	wait_for "new process after the old one was killed" restarted "$first"
	first=$(shown MainPID)
	watch_rules &
	watcher=$!
	inside systemctl restart c3po
	wait_for "new process after a restart" restarted "$first"
	kill "$watcher" 2>/dev/null || fail "rules were gone during a restart"
	logged event=handed_over || fail "a restart hands nothing over"
	inside systemctl stop c3po
	logged event=stopped || fail "a stop does not remove what is there"
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
	wait_for "login that passes the trial" logged "event=trial_passed address=10.78.0.2 "
	kill "$session" # as long as it is open, a chain stays that keeps it
	session=
	inside systemctl disable --quiet --now c3po
	inside c3po setup --yes --try off >/dev/null || fail "setup"
	inside systemctl is-enabled --quiet c3po || fail "setup did not enable the service"
	wait_for "service that setup started" active
	inside c3po setup --yes | grep '^5/5 service: c3po.service is enabled and running$' >/dev/null ||
		fail "second setup"
	serve_with TimeoutStopSec=5s
	inside touch /run/hang
	inside systemctl stop c3po
	[ "$(shown Result)" = timeout ] || fail "it did not hang"
	wait_for "clean end of one that hung" empty
	all_well
}

main
