import type { Arguments } from "../../cli/arguments.ts";
import { adminSeed } from "../../fleet/admin_key.ts";
import { parseAllowed } from "../../fleet/allowances.ts";
import { ADMIN, type Order } from "../../fleet/line.ts";
import { LONGEST_SHARED } from "../../fleet/receiver.ts";
import { Signer } from "../../fleet/signature.ts";
import { type Address, parseBanned } from "../../os/address.ts";
import { isBannable } from "../../os/address_scope.ts";
import { formatDuration } from "../../os/duration.ts";
import { asArgument, asSource, Failure, Misuse } from "../../os/errors.ts";
import { readText } from "../../os/files.ts";
import type { Host } from "../../os/host.ts";
import { readPiped } from "../../os/secret.ts";
import { checkName } from "../../schedule/derivation.ts";
import { parseKeyLine } from "../../schedule/key_text.ts";
import { parseBanTime } from "../../server/options.ts";
import { receivedKey } from "../../users/received_key.ts";

const DEFAULT_BAN = "15m";
const DEFAULT_ALLOWED = "1h";
/** A key file has a line. */
const LARGEST_KEY = 65_536;

/** `c3po fleet order`: answers with the signed line. */
export async function fleetOrder(args: Arguments, host: Host): Promise<number> {
  const [, ...words] = args.operands;
  const order = readOrder(words, args.value("for"));
  const signer = await Signer.of(await seedOf(args.value("key")));
  const now = host.clock.now();
  const line = await signer.sign({
    member: ADMIN,
    seq: now * 1000, // grows from one order to the next, on every machine whose clock is right
    time: Math.floor(now / 1000),
    statement: { verb: "order", order },
  });
  host.terminal.out(args.has("json") ? `${JSON.stringify({ line })}\n` : `${line}\n`);
  host.terminal.note("c3po: hint: send it from any server: sudo c3po fleet publish");
  return 0;
}

function readOrder([word, operand, ...more]: readonly string[], time: string | undefined): Order {
  if (word === undefined) throw new Misuse("no order given", { hint: KNOWN });
  if (time !== undefined && word !== "ban" && word !== "allow") {
    throw new Misuse("--for goes with order ban and order allow");
  }
  if (operand === undefined) {
    throw new Misuse(`order ${word}: an operand is missing`, { hint: KNOWN });
  }
  if (more.length > 0) throw new Misuse(`unexpected argument "${more[0]}"`);
  switch (word) {
    case "ban":
      return { do: word, address: unit(operand).text, seconds: secondsOf(time ?? DEFAULT_BAN) };
    case "forgive":
      return operand === "all" ? { do: "forgive all" } : { do: word, address: unit(operand).text };
    case "allow": {
      const allowedFor = time ?? DEFAULT_ALLOWED;
      const { text } = asArgument(() => parseAllowed(operand));
      return { do: word, network: text, seconds: asArgument(() => parseBanTime(allowedFor)) };
    }
    case "expel":
      asArgument(() => checkName("member", operand));
      return { do: word, member: operand };
    case "revoke":
      if (!/^[0-9a-f]{8}$/.test(operand)) {
        throw new Misuse(`"${operand}" is not a fingerprint`, {
          hint: "c3po user list shows the fingerprint of each user's key, 8 hexadecimal digits",
        });
      }
      return { do: word, fingerprint: operand };
    default:
      throw new Misuse(`unknown order "${word}"`, { hint: KNOWN });
  }
}

const KNOWN =
  "use one of: ban ADDR, forgive ADDR|all, allow CIDR, expel MEMBER, revoke FINGERPRINT";

function unit(text: string): Address {
  const address = asArgument(() => parseBanned(text));
  if (!isBannable(address)) throw new Misuse(`"${text}" cannot be banned`);
  return address;
}

function secondsOf(time: string): number {
  const seconds = asArgument(() => parseBanTime(time));
  if (seconds <= LONGEST_SHARED) return seconds;
  throw new Misuse(`"${time}" is longer than an order bans: ${formatDuration(LONGEST_SHARED)}`);
}

/** The seed of the administrator, from its own key or the master key of the fleet. */
async function seedOf(file: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  const text = file === undefined ? await readPiped() : await readText(file, LARGEST_KEY);
  if (text === null) {
    throw new Failure(file === undefined ? "no key given" : `no file "${file}"`, {
      hint: "name admin.key or the master key of the fleet with --key",
    });
  }
  const source = file ?? "the key on stdin";
  const key = asSource(source, () => receivedKey(text, parseKeyLine));
  if (key.kind === "admin") return key.bytes;
  if (key.kind === "master") return await adminSeed(key);
  throw new Failure(`${source}: the key is not that of a fleet's administrator`, {
    hint: "c3po fleet keys writes it as admin.key; the master key of the fleet will do, too",
  });
}
