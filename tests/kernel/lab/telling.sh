#!/bin/sh
# Stands in for a tool (as a link with its name): writes its arguments and its environment into the file `told`
# beside it, and does what the tool does.
dir=${0%/*} name=${0##*/}
{ printf '%s\n' "$name $*" && export -p; } >>"$dir/told"
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
exec "$name" "$@"
