#!/bin/sh
# usage: reaper.sh LAB DIRECTORY
#
# Waits for the end of its standard input, then kills what runs in the network namespaces LAB-*, removes
# them and removes DIRECTORY. The pipe closes when the test is done and also when the test process is
# killed, so every way to end comes through here. Ctrl-C reaches the whole process group, and nobody may
# be left to read a message: neither ends this script.
trap '' INT TERM HUP PIPE
cat >/dev/null
failed=0
for file in "/run/netns/$1"-*; do
	[ -e "$file" ] || continue
	namespace=${file##*/}
	while pids=$(ip netns pids "$namespace" 2>/dev/null) && [ -n "$pids" ]; do
		echo "$pids" | xargs kill -KILL 2>/dev/null
		sleep 0.01
	done
	ip netns delete "$namespace" || failed=1
done
rm -rf -- "$2" || failed=1
exit $failed
