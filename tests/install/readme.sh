#!/bin/bash
# usage: sudo [BASE=FOLDER] tests/install/readme.sh [C3PO]
#
# Follows "Use" in README.md word by word, as somebody who has never seen C3PO: a server with a real systemd, sshd
# and sudo, which asks for the password of its user, and a client that is another machine with another home, both
# in namespaces, with a compiled c3po (dist/c3po unless named). The commands are those of the document, and so are
# the addresses. Is the first login through C3PO the first try? Not one of the tests of tests/run.sh, because of what
# machine.sh needs.
set -euo pipefail
# shellcheck source=tests/install/machine.sh
. "$(dirname "$0")/machine.sh"

program=$(realpath "${1:-$checkout/dist/c3po}")
packages=$(mktemp -d)
password=$(head -c 9 /dev/urandom | base64)
home=$(mktemp -d)

# The commands of "Use" that follow a prompt.
commands() { sed -n '/^## Use$/,/^## /p' "$checkout/README.md" | sed -n "s/^$1 \(ssh\|c3po\) /\1 /p"; }

prepare() {
	cp "$program" usr/local/bin/c3po
	cp "$checkout/c3po.service" "$checkout/c3po-"{sets,share}.service etc/systemd/system/
	rm etc/c3po/key
	dpkg-deb --fsys-tarfile "$packages"/sudo_*.deb | tar -xp --keep-directory-symlink
	chroot . useradd --create-home --groups sudo --shell /bin/bash me
	echo "me:$password" | chroot . chpasswd
	echo 'AuthorizedKeysFile .ssh/authorized_keys' >>etc/ssh/sshd_config
	sed -i '/login.pub/d' etc/ssh/sshd_config
	chroot . install -d -m 700 -o me -g me /home/me/.ssh
	mkdir -p root/.ssh
	tee root/.ssh/authorized_keys <"$home/.ssh/id_ed25519.pub" >home/me/.ssh/authorized_keys
}

# A terminal at which root has logged in to the server, by ssh, and one of the client.
server() { tmux -S "$home/server" "$@"; }
client() { inside tmux -S /tmp/client "$@"; }

# says TERMINAL TEXT: whether it is on the screen
says() { [[ $("$1" capture-pane -pJ) == *"$2"* ]]; }

# type_in TERMINAL TEXT
type_in() { "$1" send-keys -l "$2" && "$1" send-keys Enter; }

# The client's terminal: the same files, but for homes and settings of its own, and another network.
start_client() {
	# shellcheck disable=SC2016 # for the shell in there
	nsenter -t "$init" --mount --pid --uts --ipc --cgroup --net="/run/netns/$user" -- \
		unshare --mount --propagation slave sh -euc '
			mount -t tmpfs -o mode=755 tmpfs /home && mount -t tmpfs -o mode=700 tmpfs /etc/c3po
			install -d -m 700 -o me -g me /home/me /home/me/.ssh
			install -m 600 -o me -g me /dev/stdin /home/me/.ssh/id_ed25519
			exec setpriv --reuid=me --regid=me --init-groups env -i HOME=/home/me USER=me TERM=screen LC_ALL=C.UTF-8 \
				PATH=/usr/local/bin:/usr/bin:/bin sh -c "cd && tmux -S /tmp/client new-session -d -x 160 -y 40 bash"
		' <"$home/.ssh/id_ed25519"
}

main() {
	export program packages password home
	mkdir "$home/.ssh" && ssh-keygen -q -t ed25519 -N '' -f "$home/.ssh/id_ed25519"
	(cd "$packages" && apt-get -qq -o APT::Sandbox::User=root download sudo)
	start_machine
	trap 'server kill-server; clean_up; rm -r "$packages" "$home"' EXIT
	local on_server on_client
	mapfile -t on_server < <(commands '#')
	mapfile -t on_client < <(commands '\$')
	[ "${on_server[*]}" = "c3po setup c3po ban" ] || fail "the server's commands in README are ${on_server[*]}"
	[ "${#on_client[@]}" = 3 ] || fail "the client's commands in README are ${on_client[*]}"
	ip -n "$netns" address flush dev eth0
	ip -n "$netns" address add 203.0.113.7/24 dev eth0
	ip -n "$user" address add 203.0.113.9/24 dev eth0
	ip -n "$user" address add 203.0.113.66/24 dev eth0

	server new-session -d -x 160 -y 40 ip netns exec "$user" ssh -F none -i "$home/.ssh/id_ed25519" \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@203.0.113.7
	wait_for "prompt of root" says server "root@"
	start_client
	type_in server "${on_server[0]}"
	wait_for "question for a key" says server "Create it? [Y/n]"
	type_in server ""
	wait_for "wait for a client" says server "Press Enter when a client has the key"
	says server "${on_client[0]}" ||
		fail "setup names another command than README: $(server capture-pane -pJ)"

	type_in client "${on_client[0]}"
	wait_for "question for the host" says client "continue connecting"
	type_in client yes
	wait_for "question for a password" says client "password for me"
	type_in client "$password"
	wait_for "key on the client" says client "ProxyCommand /usr/local/bin/c3po proxy"
	! says client "$password" || fail "the password is on the screen"

	type_in server ""
	wait_for "question for a trial" says server "Start the trial? [Y/n]"
	type_in server ""
	wait_for "trial" says server "log in now"
	type_in client "${on_client[2]% uptime}; echo en''ded"
	wait_for "login that passes the trial" says server "passed: a login from 203.0.113.9"
	! says client ended || fail "the first login did not stay"
	type_in client exit
	wait_for "end of the first login" says client ended
	type_in server ""
	wait_for "end of setup" says server "done: log in with c3po ssh from now on"

	client clear-history && type_in client "clear; ${on_client[1]}; echo co''de \$?"
	wait_for "port of the minute" says client "code 0"
	type_in client "clear; ${on_client[2]}; echo co''de \$?"
	wait_for "login" says client "load average"
	says client "code 0" || fail "the login failed: $(client capture-pane -pJ)"
	ip netns exec "$user" timeout 60 nmap -sS -p- -Pn -n --max-retries 1 -T4 -S 203.0.113.66 -e eth0 203.0.113.7 >/dev/null || :
	type_in server "clear; ${on_server[1]}"
	wait_for "ban of who scanned" says server "203.0.113.66"
	! answers 22 || fail "port 22 answers"
	all_well
}

answers() { ip netns exec "$user" timeout 2 bash -c "</dev/tcp/203.0.113.7/$1" 2>/dev/null; }

main
