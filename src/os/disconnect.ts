/** What SSH calls the reason "service not available" (RFC 4253, section 11.1). */
const SERVICE_NOT_AVAILABLE = 7;
const MSG_DISCONNECT = 1;
/** Before a cipher is agreed upon a packet is a multiple of this, and has this much padding at least. */
const BLOCK = 8;
const LEAST_PADDING = 4;

/**
 * What a server says that ends a connection before it began: its version and an unencrypted
 * SSH_MSG_DISCONNECT (RFC 4253, sections 4.2, 6 and 11.1). Every SSH client shows the reason.
 *
 * @param reason one line of visible ASCII
 */
export function disconnectMessage(reason: string): Uint8Array {
  const text = new TextEncoder();
  const description = text.encode(reason);
  const payload = 1 + 4 + 4 + description.length + 4;
  const least = 4 + 1 + payload + LEAST_PADDING;
  const padding = LEAST_PADDING + (BLOCK - least % BLOCK) % BLOCK;
  const version = text.encode("SSH-2.0-c3po\r\n");
  const all = new Uint8Array(version.length + 4 + 1 + payload + padding);
  const view = new DataView(all.buffer);
  all.set(version);
  let at = version.length;
  view.setUint32(at, 1 + payload + padding);
  view.setUint8(at + 4, padding);
  view.setUint8(at + 5, MSG_DISCONNECT);
  view.setUint32(at + 6, SERVICE_NOT_AVAILABLE);
  view.setUint32(at + 10, description.length);
  at += 14;
  all.set(description, at);
  view.setUint32(at + description.length, 0); // no language
  return all; // the padding is arbitrary
}
