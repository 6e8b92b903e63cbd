#!/bin/sh
# usage: reaper.sh LAB DIRECTORY
#
# Waits for the end of its standard input, then kills what runs in the network namespaces LAB-*, removes
# them and removes DIRECTORY. The pipe closes when the test is done and also when the test process is
# killed, so every way to end comes through here. Ctrl-C reaches the whole process group: not this one.
trap '' INT TERM HUP
cat >/dev/null
for namespace in $(ip netns list | sed -n "s/^\($1-[^ ]*\).*/\1/p"); do
	while pids=$(ip netns pids "$namespace" 2>/dev/null) && [ -n "$pids" ]; do
		echo "$pids" | xargs kill -KILL 2>/dev/null
		sleep 0.01
	done
	ip netns delete "$namespace" 2>/dev/null
done
rm -rf -- "$2"
