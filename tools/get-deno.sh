#!/bin/sh
# usage: get-deno.sh DIRECTORY
#
# Prints the path of a Deno that is new enough: the one on PATH, else the one in DIRECTORY, else the one that
# tests/run.sh keeps, else the one that npm now fetches into DIRECTORY. Nothing of any package is run, and of
# those that are not on PATH no Deno is run whose checksum is not the one below.
set -eu

VERSION=2.9.6

die() {
	printf 'c3po: error: %s\n' "$1" >&2
	printf 'c3po: hint: %s\n' "$2" >&2
	exit 1
}

# npm checks what it downloads against what the registry says; these hold the registry to its word as well.
machine() {
	case "$(uname -s) $(uname -m)" in
	"Linux x86_64") pin linux-x64-glibc bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0 ;;
	"Linux aarch64") pin linux-arm64-glibc d08d392418df53f4e6e88a08909c0e1bccbf9adcead7232df72b6ad6075ec416 ;;
	"Darwin x86_64") pin darwin-x64 ec9fbd8e8f5f6ca5ceb0ebe4a564636f2c698bf60e3187460ded400cc0147fd5 ;;
	"Darwin arm64") pin darwin-arm64 b3ac3bd206e48c26026cadd80c1367e96c149f9c66130952382a642b09fa8a71 ;;
	*) die "no deno is known for this machine ($(uname -s) $(uname -m))" "put deno 2.7 or newer on PATH" ;;
	esac
}

# pin PACKAGE SHA256: what npm has the Deno for this machine in, where it is kept, and its checksum.
pin() {
	package=@deno/$1
	binary=node_modules/$package/deno
	sha256=$2
}

# `deno bundle --keep-names` came with 2.7.
new_enough() {
	version=$("$1" --version 2>/dev/null | sed -n 's/^deno \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	[ -n "$version" ] || return 1
	[ "${version% *}" -gt 2 ] || { [ "${version% *}" -eq 2 ] && [ "${version#* }" -ge 7 ]; }
}

# known FILE: whether this is the very Deno that is meant.
known() {
	[ -f "$1" ] || return 1
	sum=$(sha256sum "$1" 2>/dev/null || shasum -a 256 "$1") || die "nothing here computes SHA-256" "install coreutils or perl"
	[ "${sum%% *}" = "$sha256" ]
}

# A copy, because only what nobody else can change any more is worth a look.
copy_into() {
	known "$kept" || return 1
	mkdir -p "$1/${binary%/*}" || return 1
	cp "$kept" "$1/$binary" && chmod 755 "$1/$binary" && known "$1/$binary"
}

fetch_into() {
	mkdir -p "$1" || die "cannot keep deno in \"$1\"" "make it writable, or put deno 2.7 or newer on PATH"
	echo "fetching deno $VERSION with npm" >&2
	rm -rf "$1/npm" "${1:?}/$binary"
	mkdir -p "$1/npm/pack" "$1/${binary%/*}"
	# One package and none that it asks for: to install them npm runs git, as their own files tell it to.
	(cd "$1/npm/pack" && npm pack --cache ../cache --loglevel error --ignore-scripts "$package@$VERSION" >/dev/null) ||
		die "npm could not fetch deno $VERSION" "npm's message above says why; any deno 2.7 or newer on PATH will do"
	tar -xzf "$1"/npm/pack/*.tgz -C "$1/npm" package/deno 2>/dev/null &&
		mv "$1/npm/package/deno" "$1/$binary" && chmod 755 "$1/$binary"
	rm -rf "$1/npm"
	{ [ -f "$1/$binary" ] && [ ! -L "$1/$binary" ]; } ||
		die "npm has no deno $VERSION for this machine ($(uname -s) $(uname -m))" "put deno 2.7 or newer on PATH"
	known "$1/$binary" || {
		rm -rf "$1/node_modules"
		die "the deno $VERSION that npm fetched has the wrong checksum" "it is deleted; ask where npm gets its packages"
	}
}

main() {
	[ $# -eq 1 ] || die "get-deno.sh takes one directory, got $#" "tools/get-deno.sh .cache"
	# What npm puts on PATH is a script that looks for Deno beside itself: a copy of it would run itself.
	if command -v deno >/dev/null && new_enough deno; then
		NO_COLOR=1 deno eval --no-config 'console.log(Deno.execPath())'
		return
	fi
	machine
	kept=${0%/*}/../.cache/$binary
	known "$1/$binary" || copy_into "$1" || {
		command -v npm >/dev/null ||
			die "deno 2.7 or newer is missing, and so is npm to fetch it" "install either, then run this again"
		fetch_into "$1"
	}
	printf '%s\n' "$1/$binary"
}

main "$@"
