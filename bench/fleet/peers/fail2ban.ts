import { join } from "@std/path";
import { startFail2ban } from "../../side/peers/fail2ban.ts";
import type { Peer } from "../way.ts";
import { SshdLog } from "./sshd_log.ts";

const SET = "f2b-sshd";
/** Both the user of the store and its channel. */
const NAME = "fail2ban";
const PASSWORD = "the-password-of-fail2ban";

/**
 * Adds to the set whom the channel names; `"message","fail2ban","198.18.0.1"` is a line of redis-cli. The
 * other way, `fail2ban-client set JAIL banip`, starts Python for each ban and is slower.
 */
const SUBSCRIBER = `set=$1; shift
"$@" --csv subscribe ${NAME} | while IFS=, read -r kind channel address; do
  echo "$kind"
  [ "$kind" = '"message"' ] || continue
  address=\${address#?}
  ipset -exist add "$set" "\${address%?}"
done`;

/**
 * fail2ban that shares its bans through Redis. It comes with no action for that; those that people have
 * published run redis-cli for each ban, and so does this one. It publishes, so that nobody has to poll, in
 * the same Redis as C3PO, with TLS and a user who may do nothing else. On the other server a loop of the
 * shell listens.
 *
 * The jail is Debian's for sshd; but one failure is enough, and to tell the others is all it does. How it
 * hears of a line is what Debian has it choose: at once with python3-pyinotify, which is installed with it
 * unless somebody leaves that out, and otherwise by a look at the file every 0.2 to 0.8 seconds.
 */
export const fail2ban: Peer = {
  name: "fail2ban with a Redis action",
  programs: { "fail2ban-server": "fail2ban", "redis-cli": "redis-tools", ipset: "ipset" },
  async start({ attacked, other, store, redis }) {
    const rights = ["resetchannels", `&${NAME}`, "-@all", "+publish", "+subscribe"];
    await redis.ask("acl", "setuser", NAME, "on", `>${PASSWORD}`, ...rights);
    const connection = [
      ...["redis-cli", "--tls", "--cacert", `${redis.folder}/ca.pem`, "--user", NAME],
      ...["-h", store.address4, "-p", String(redis.port)],
    ];
    const env = { REDISCLI_AUTH: PASSWORD };

    await other.must("ipset", ["create", SET, "hash:ip", "timeout", "600"]);
    const words = ["-c", SUBSCRIBER, "sh", SET, ...connection];
    await other.spawn("sh", words, { env }).waitForLine(/^"subscribe"$/);

    const log = await SshdLog.create(join(attacked.directory, "fail2ban-auth.log"));
    const server = await startFail2ban(attacked, {
      "jail.d/zz.local": [
        "[sshd]",
        "enabled = true",
        `logpath = ${log.file}`,
        "maxretry = 1",
        "action = redis",
      ],
      "action.d/redis.conf": [
        "[Definition]",
        `actionban = ${connection.join(" ")} publish ${NAME} <ip>`,
      ],
    }, env);
    const [, backend] = /Initiated '(\w+)' backend/.exec(server.text()) ?? [];
    return {
      name: `${this.name} (backend ${backend})`,
      offences: "failed logins",
      set: SET,
      polls: false,
      offend: () => log.failedLogin(),
    };
  },
};
