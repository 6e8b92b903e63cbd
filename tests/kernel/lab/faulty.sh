#!/bin/sh
# Stands in for a tool (as a link with its name) and does what the tool does, but for one call that goes wrong.
#
# The file `fault` beside it says which: PHASE MODE NUMBER PATTERN. The calls of each tool in a phase are counted from
# 0, each in a file `PHASE.TOOL.NUMBER` that holds its command line. Of those whose command line matches the pattern,
# the one of that number goes wrong, and leaves a file `injected`.
# Modes: fail (ends with an error), hang (never ends), kill (dies before doing anything), late (dies after doing
# everything), half (does the first three lines and dies).
dir=${0%/*} name=${0##*/}
read -r phase mode chosen pattern <"$dir/calls/fault"

# Counts from 0: the first file of these names that is not there yet.
count() {
	number=0
	set -C
	until { true >"$dir/calls/$1.$number"; } 2>/dev/null; do number=$((number + 1)); done
	set +C
}

line="$name${*:+ $*}"
count "$phase.$name"
echo "$line" >"$dir/calls/$phase.$name.$number"
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
# shellcheck disable=SC2254 # it is a pattern
case $line in
$pattern) count match ;;
*) exec "$name" "$@" ;;
esac
[ "$number" = "$chosen" ] || exec "$name" "$@"
: >"$dir/calls/injected"
case $mode in
fail) echo "$name: injected failure" >&2 && exit 1 ;;
hang) exec sleep 1000 ;;
late) "$name" "$@" ;;
half) for _ in 1 2 3; do read -r line && printf '%s\n' "$line"; done | "$name" "$@" ;;
esac
kill -9 $$
