#!/bin/sh
# usage: build-tree.sh STAGE
#
# Makes from this checkout what install.sh puts in place, in STAGE/tree. Where nothing can be compiled,
# c3po is a script that runs the bundle in lib/c3po with a Deno; one that must be kept is there too.
set -eu

stage=$1
cd "$(dirname -- "$0")/.."
deno=$(tools/get-deno.sh "$stage/fetched")

# A fetched Deno is kept. Root keeps its own, unless it is one of the system: another user could replace it,
# or the service not see it, as in the home of root.
must_be_kept() {
	case $deno in "$stage"/*) return 0 ;; esac
	[ "$(id -u)" -eq 0 ] || return 1
	case $(readlink -f "$deno") in
	/usr/* | /opt/*) [ -z "$(find -H "$deno" -user root)" ] ;;
	*) return 0 ;;
	esac
}

sum_of() { { sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; } | cut -d ' ' -f 1; }

runtime="'$deno'"
# shellcheck disable=SC2016 # the launcher's own variable
if must_be_kept; then runtime='"$lib/deno"'; fi
if [ -n "${DENO_DIR:-}" ]; then
	# Deno itself compares it with nothing; with what build/runtimes.json has, build/local.ts does.
	version=$("$deno" --version | sed -n 's/^deno \([0-9.]*\).*/\1/p')
	for runtime_zip in "$DENO_DIR/dl/release/v$version"/denort-*.zip; do
		[ ! -f "$runtime_zip" ] || echo "compiling with \"$runtime_zip\", SHA-256 $(sum_of "$runtime_zip")"
	done
fi
export DENO_DIR="${DENO_DIR:-$stage/cache}" # sudo may keep HOME: nothing of root's may end up there
made=$(NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 "$deno" run --quiet --frozen -A build/local.ts "$stage/tree" "$runtime")
[ "$made" = launcher ] || exit 0
if must_be_kept; then runs_on="a deno of its own"; else runs_on=$deno; fi
echo "there is no verified runtime to compile with, so it runs on $runs_on"
if must_be_kept; then
	cp "$deno" "$stage/tree/lib/c3po/deno"
	chmod 755 "$stage/tree/lib/c3po/deno"
fi
