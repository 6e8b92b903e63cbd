#!/bin/bash
# usage: sudo tests/install/boot.sh [C3PO [ENGINE]]
#
# Boots a real systemd with c3po.service, in namespaces of its own: does a compiled c3po (dist/c3po unless
# named) live, with iptables or with nftables, under all that hardening, tell that it is ready and alive, come
# back when it is killed, see on trial who logs in, not go on after a trial without a login, and leave nothing
# behind, even if it hangs? Does a mistake in its settings end it, once? Does c3po-share.service reach a store, and
# begin and end with serve? Does c3po setup have it start, now and at boot? Not one of the tests of tests/run.sh,
# because of what machine.sh needs.
set -euo pipefail
# shellcheck source=tests/install/machine.sh
. "$(dirname "$0")/machine.sh"

program=$(realpath "${1:-$checkout/dist/c3po}")
engine=${2:-auto}

prepare() {
	cp "$program" usr/local/bin/c3po
	cp "$checkout/c3po.service" "$checkout/c3po-"{sets,share}.service etc/systemd/system/
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
# logged TEXT [MATCH]
logged() { inside journalctl "${2:-_SYSTEMD_UNIT=c3po.service}" --no-pager | grep "$1" >/dev/null; }

# What the settings say is for a person to mend: systemd does not try again and again.
mistake() {
	inside sh -c 'cp -p /etc/c3po/server.toml /run/well.toml; echo "trap = 15" >>/etc/c3po/server.toml'
	inside systemctl start c3po 2>/dev/null && fail "it starts with a mistake in its settings"
	wait_for "end of one with a mistake in its settings" failed
	[ "$(shown ExecMainStatus) $(shown NRestarts)" = "2 0" ] || fail "a mistake in the settings is tried again"
	inside cp -p /run/well.toml /etc/c3po/server.toml
	inside systemctl reset-failed c3po
}

# What saved rules name is made before they are loaded.
sets() {
	inside sh -c 'mkdir -p /etc/iptables && iptables-save >/etc/iptables/rules.v4'
	inside systemctl stop c3po
	wait_for "clean end before rules are loaded" empty
	! inside iptables-restore --test /etc/iptables/rules.v4 2>/dev/null || fail "saved rules load without sets"
	inside systemctl start c3po-sets
	inside iptables-restore --test /etc/iptables/rules.v4 || fail "saved rules do not load"
	inside rm /etc/iptables/rules.v4
	inside systemctl start c3po
	wait_for "service beside sets that are there" active
}

share_pid() { inside systemctl show c3po-share --property MainPID --value; }
shared() { [ "$(share_pid)" != "$1" ] && logged "event=store_up" "_PID=$(share_pid)"; }

# A fleet of one, with a store on the same machine.
share() {
	inside sh -euc 'mkdir -m 700 /run/fleet && cd /run/fleet && cp -p /etc/c3po/server.toml .
		redis-server --daemonize yes --bind 127.0.0.1 --save "" >/dev/null
		echo vm >hosts && echo alice >users && c3po fleet new >/dev/null 2>&1
		c3po fleet keys --key fleet.key --users users --hosts hosts --out keys >/dev/null 2>&1
		cp keys/vm/member.key keys/members /etc/c3po
		printf "[share]\nstore = \"redis://127.0.0.1:6379\"\n" >>/etc/c3po/server.toml'
	inside systemctl restart c3po
	inside systemctl start c3po-share
	wait_for "store of a fleet" shared 0
	first=$(share_pid)
	inside systemctl restart c3po
	wait_for "store of a fleet after a restart" shared "$first"
	inside systemctl stop c3po
	! inside systemctl --quiet is-active c3po-share || fail "c3po-share goes on without serve"
	wait_for "clean end of a member of a fleet" empty
	inside sh -c 'cp -p /run/fleet/server.toml /etc/c3po; rm /etc/c3po/member*; redis-cli shutdown'
	inside systemctl start c3po
}

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
	inside systemctl kill --signal=KILL c3po 2>/dev/null || : # it complains of tools that end meanwhile
	wait_for "new process after the old one was killed" restarted "$first"
	first=$(shown MainPID)
	watch_rules &
	watcher=$!
	inside systemctl restart c3po
	wait_for "new process after a restart" restarted "$first"
	kill "$watcher" 2>/dev/null || fail "rules were gone during a restart"
	logged event=handed_over || fail "a restart hands nothing over"
	share
	wait_for "service without a fleet" active
	[[ $(inside iptables-save 2>/dev/null) != *C3PO* ]] || sets
	inside systemctl stop c3po
	logged event=stopped || fail "a stop does not remove what is there"
	wait_for "clean end" empty
	mistake
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
