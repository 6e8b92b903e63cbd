#!/bin/sh
# Stands in for a tool (as a link with its name) and does what the tool does, but for one call that goes wrong.
#
# The file `fault` beside it says which: PHASE MODE NUMBER. Calls of a phase are counted from 0, each in a file
# `PHASE.NUMBER` that holds its command line. Modes: fail (ends with an error), hang (never ends), kill (dies
# before doing anything), late (dies after doing everything), half (does the first three lines and dies).
dir=${0%/*} name=${0##*/} number=0
read -r phase mode chosen <"$dir/calls/fault"
set -C
until { true >"$dir/calls/$phase.$number"; } 2>/dev/null; do number=$((number + 1)); done
set +C
echo "$name $*" >"$dir/calls/$phase.$number"
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
[ "$number" = "$chosen" ] || exec "$name" "$@"
case $mode in
fail) echo "$name: injected failure" >&2 && exit 1 ;;
hang) exec sleep 1000 ;;
late) "$name" "$@" ;;
half) for _ in 1 2 3; do read -r line && printf '%s\n' "$line"; done | "$name" "$@" ;;
esac
kill -9 $$
