import { derive } from "../schedule/derivation.ts";
import type { MasterKey } from "../schedule/key.ts";
import { formatKey } from "../schedule/key_text.ts";
import { publicKeyOf } from "./member.ts";

/** The key by which the administrator of a fleet signs. */
export interface AdminKey {
  /** The line of its seed. */
  readonly line: string;
  /** Its public half, as `admin` of `[share]` has it on every server. */
  readonly publicKey: string;
}

/** The seed of the administrator of a fleet. @returns 32 bytes */
export async function adminSeed(fleet: MasterKey): Promise<Uint8Array<ArrayBuffer>> {
  return await derive(fleet.bytes, "admin", "1");
}

/** Derives the key of the administrator of a fleet. */
export async function adminKey(fleet: MasterKey): Promise<AdminKey> {
  const bytes = await adminSeed(fleet);
  return { line: formatKey({ kind: "admin", bytes }), publicKey: await publicKeyOf(bytes) };
}
