#!/bin/bash
# usage: sudo [BASE=FOLDER] [LOAD=N] tests/install/neighbours.sh [C3PO [ENGINE [FIREWALL]]]
#
# Boots a real systemd in namespaces of its own, on a copy of this Debian or of the one in FOLDER, with c3po.service
# (dist/c3po unless named), fail2ban and a firewall of the administrator's: "persistent" (iptables-persistent, unless
# named), "ufw", or "firewalld" beside iptables-persistent. Does C3PO work, stays out who was kept out and shut what
# was shut, after the start, after each neighbour has loaded its rules again, after the firewall was saved and the
# machine booted again, and once C3PO is stopped? N processes compete for the processors meanwhile. Not one of the
# tests of tests/run.sh, because of what machine.sh needs.
set -euo pipefail
# shellcheck source=tests/install/machine.sh
. "$(dirname "$0")/machine.sh"

program=$(realpath "${1:-$checkout/dist/c3po}")
engine=${2:-auto}
firewall=${3:-persistent}
packages=$(mktemp -d)
load=()

prepare() {
	cp "$program" usr/local/bin/c3po
	cp "$checkout/c3po.service" "$checkout/c3po-sets.service" etc/systemd/system/
	echo "firewall = \"$engine\"" >etc/c3po/server.toml
	# What the administrator's rules shut, and what they leave open.
	printf '[Socket]\nListenStream=3306\nListenStream=8080\nAccept=yes\n' >etc/systemd/system/listener.socket
	printf '[Service]\nExecStart=cat\nStandardInput=socket\n' >etc/systemd/system/listener@.service
	ln -s ../listener.socket etc/systemd/system/multi-user.target.wants/
	mkdir -p etc/fail2ban && touch var/log/auth.log
	printf '[sshd]\nenabled = true\nbackend = polling\nlogpath = /var/log/auth.log\n' >etc/fail2ban/jail.local
	rm -f var/lib/fail2ban/*
	local others=(fail2ban)
	if [ "$firewall" = ufw ]; then
		sed -i 's/^ENABLED=.*/ENABLED=yes/' etc/ufw/ufw.conf
		sed -i 's/^DEFAULT_INPUT_POLICY=.*/DEFAULT_INPUT_POLICY="DROP"/' etc/default/ufw
		others+=(ufw)
	else
		local package
		for package in "$packages"/*.deb; do
			dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink
		done
		mkdir -p etc/iptables
		rules >etc/iptables/rules.v4
		rules >etc/iptables/rules.v6
		others+=(netfilter-persistent)
	fi
	[ "$firewall" != firewalld ] || others+=(firewalld)
	# systemctl would have scripts of the copy run for those that have an old one as well.
	local each
	for each in "${others[@]}"; do
		ln -s "/lib/systemd/system/$each.service" etc/systemd/system/multi-user.target.wants/
	done
	systemctl --root="$PWD" --quiet enable c3po
}

# Of the administrator's, before there was a C3PO. firewalld removes such rules, and would leave the policy.
rules() {
	[ "$firewall" = persistent ] || return 0
	printf '%s\n' '*filter' ':INPUT DROP [0:0]' '-A INPUT -i lo -j ACCEPT' \
		'-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT' '-A INPUT -p ipv6-icmp -j ACCEPT' \
		'-A INPUT -p tcp -m multiport --dports 22,8080 -j ACCEPT' COMMIT
}

# from ADDRESS: whether one logs in through the port of this minute
enters() {
	find_login
	"${login[@]}" -b "$1" true 2>/dev/null
}

# It says so before its rule is there; which kind of rule is a matter of the Debian.
banned() {
	{ inside iptables -S || :; inside nft list table inet f2b-table || :; } 2>/dev/null |
		grep -E '(f2b-sshd|elements).*10\.78\.0\.3' >/dev/null
}

answers() { ip netns exec "$user" timeout 2 bash -c "</dev/tcp/10.78.0.1/$1" 2>/dev/null; }

# holds WHEN: all that C3PO and its neighbours promise
holds() {
	wait_for "login $1" enters 10.78.0.2
	! enters 10.78.0.3 || fail "fail2ban keeps nobody out $1"
	! answers 22 || fail "port 22 is open $1"
	shut "$1"
	inside c3po status >/dev/null || fail "status $1: $(inside c3po status || :)"
}

shut() {
	! answers 3306 || fail "what the firewall shuts is open $1"
	answers 8080 || fail "what the firewall opens is shut $1"
}

well() {
	! inside journalctl -b --no-pager | grep "ordering cycle" || fail "an ordering cycle $1"
	! inside systemctl --failed --no-legend | grep . || fail "a failed unit $1"
}

# The neighbours load their rules again, as an administrator has them.
again() {
	case $firewall in
	ufw) inside ufw reload >/dev/null ;;
	firewalld) inside firewall-cmd --quiet --reload ;;
	persistent) inside netfilter-persistent reload >/dev/null 2>&1 ;;
	esac
}

main() {
	export program engine firewall packages
	export -f rules
	if [ "$firewall" != ufw ]; then
		(cd "$packages" && apt-get -qq -o APT::Sandbox::User=root download netfilter-persistent iptables-persistent)
	fi
	for ((i = 0; i < ${LOAD:-0}; i++)); do
		(while :; do :; done) &
		load+=($!)
	done
	start_machine
	trap '[ ${#load[@]} = 0 ] || kill "${load[@]}"; clean_up; rm -r "$packages"' EXIT
	ip -n "$user" address add 10.78.0.3/24 dev eth0
	case $firewall in
	ufw) inside ufw allow 22/tcp && inside ufw allow 8080/tcp ;;
	firewalld) inside firewall-cmd --permanent --add-port=8080/tcp && inside firewall-cmd --reload ;;
	esac >/dev/null
	wait_for "ready service" active
	wait_for "login from each address" enters 10.78.0.3
	inside fail2ban-client set sshd banip 10.78.0.3 >/dev/null
	wait_for "rule of fail2ban" banned
	holds "after a boot"
	well "after a boot"
	again
	inside systemctl restart fail2ban # whose rules most of them have removed
	wait_for "fail2ban" banned
	holds "after the firewall was loaded again"
	inside systemctl reload c3po
	[ "$firewall" = ufw ] || inside netfilter-persistent save >/dev/null 2>&1 || fail "save"
	reboot_machine
	wait_for "ready service after a reboot" active
	wait_for "fail2ban after a reboot" banned
	holds "after a reboot"
	well "after a reboot"
	inside systemctl stop c3po
	wait_for "clean end" empty
	answers 22 || fail "port 22 does not answer after a stop"
	shut "after a stop"
	all_well
}

main
