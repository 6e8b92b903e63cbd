#!/bin/bash
# usage: unshare --mount --net --pid --fork --kill-child tests/install/dpkg.sh SCENE OLD.deb NEW.deb RPM
#
# Has dpkg and rpm install, upgrade, remove and purge c3po on a copy of this machine that ends with the namespaces,
# and says what came of it. SCENE is an empty folder. There is no systemd: what the packages ask of it is noted, and
# what it would do with a serve that runs is done here. tests/install/packages.sh has a real one.
set -euo pipefail

copy() {
	mount --make-rprivate /
	mount -t tmpfs scene "$1"
	mkdir "$1/up" "$1/work" "$1/root"
	mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
	cp "$2" "$1/root/old.deb"
	cp "$3" "$1/root/new.deb"
	cp "$4" "$1/root/c3po.rpm"
	cd "$1/root"
	mount -t proc proc proc
	mount --rbind /sys sys
	mount --rbind /dev dev
	mount -t tmpfs run run
	mount -t tmpfs tmp tmp
	rm -rf etc/c3po var/lib/c3po var/lib/rpm etc/systemd/system/c3po.service*
	find usr/local -name '*c3po*' -prune -exec rm -rf {} + # what install.sh has put on this machine
	mkdir -p run/systemd/system old
	rm -f usr/bin/systemctl
	cat >usr/bin/systemctl <<'END'
#!/bin/sh
case $* in
*is-active*) exec test -e /run/active ;;
*) echo "$*" >>/run/asked ;;
esac
END
	chmod 755 usr/bin/systemctl
	pivot_root . old
	umount -l old
	cd /
}

package() { dpkg --no-triggers "$@" >/run/dpkg.log 2>&1; }
asked() { [ ! -e /run/asked ] || { tr '\n' ',' </run/asked && rm /run/asked; }; }
rules() {
	if [[ $(iptables-save) == *C3PO* || $(nft list tables) == *"inet c3po"* || $(ipset list -name) == *c3po* ]]; then
		echo yes
	else echo no; fi
}
# shellcheck disable=SC2016 # words of dpkg-query
state() { dpkg-query --show --showformat '${Version} ${db:Status-Status}' c3po; }

serve() {
	c3po serve >/run/serve.log 2>&1 &
	pid=$!
	until grep -q event=started /run/serve.log; do kill -0 "$pid" && sleep 0.1; done
}

story() {
	ip link set lo up
	package -i /old.deb
	echo "installed: $(state); asked: $(asked)"
	c3po key new >/dev/null 2>&1
	serve
	touch /run/active # for the package it is the service
	package -i /new.deb
	echo "upgraded: $(state); asked: $(asked)"
	[ "$(readlink /proc/$pid/exe)" != /usr/bin/c3po ] && echo "the old program runs"
	kill -KILL "$pid"
	wait "$pid" || echo "killed: $?; rules: $(rules)"
	serve
	echo "taken over: $(grep -o ' error .*' /run/serve.log); program: $(readlink /proc/$pid/exe); rules: $(rules)"
	rm /run/active # for the package it runs in a terminal
	package -r c3po || echo "removal refused: $(state); $(grep ^c3po: /run/dpkg.log | tr '\n' ' ')"
	asked >/dev/null
	kill -KILL "$pid"
	wait "$pid" || :
	package -r c3po
	echo "removed: $(state); asked: $(asked); rules: $(rules); left: $(find /etc/c3po -type f)"
	package -i /new.deb
	mkdir -p /var/lib/c3po
	package -P c3po
	left=$(find /usr /etc /var /run -path /var/log -prune -o -name '*c3po*' -print)
	echo "purged: $(asked) left: $left"
	rpm --install --nodeps /c3po.rpm
	echo "rpm: $(c3po --version); asked: $(asked)"
	mkdir /etc/c3po
	rpm --upgrade --replacepkgs --nodeps /c3po.rpm
	rpm --erase --nodeps c3po
	echo "erased: $(asked) left: $(find /usr /etc /var -path /var/log -prune -o -name '*c3po*' -print)"
}

copy "$@"
story
