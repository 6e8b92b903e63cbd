/// <reference lib="dom" />

/**
 * Takes the key out of the address, where `c3po key show --qr --page` puts it: behind the `#`, which
 * no browser sends to a server. It is gone from the address, and from the way back, before anything
 * else happens.
 *
 * @returns the key line, or null if there is none
 */
export function takeFragment(): string | null {
  const text = location.hash.slice(1);
  if (location.href.includes("#")) {
    history.replaceState(null, "", location.pathname + location.search);
  }
  if (text === "") return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a key line that was not encoded
  }
}
