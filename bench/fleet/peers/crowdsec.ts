import { delay } from "@std/async/delay";
import { join } from "@std/path";
import type { Peer } from "../way.ts";
import { configured, withBouncer } from "./crowdsec_files.ts";
import { SshdLog } from "./sshd_log.ts";

const SET = "crowdsec";
/** How often Debian's bouncer polls, in milliseconds. */
const POLLS_MS = 10_000;

/**
 * CrowdSec on several servers as its documents have it: one local API, here beside the store of the others,
 * an agent on the server that reads the log, and a bouncer on each server that polls the API for decisions.
 * The bouncer is Debian's for scripts, as often as it does by default; its script adds to an ipset.
 *
 * Of Debian's scenarios for sshd each wants several failures, so this one's own wants one. There is no
 * central API, which is about other people's servers.
 */
export const crowdsec: Peer = {
  name: "CrowdSec",
  programs: {
    crowdsec: "crowdsec",
    cscli: "crowdsec",
    "crowdsec-custom-bouncer": "crowdsec-custom-bouncer",
    ipset: "ipset",
  },
  async start({ attacked, other, store }) {
    const folder = join(store.directory, "crowdsec");
    const log = await SshdLog.create(join(attacked.directory, "crowdsec-auth.log"));
    const listens = `${store.address4}:8080`;
    const { config, credentials } = await configured(folder, listens, log.file);
    const ask = (...words: string[]): Promise<string> =>
      store.must("cscli", ["-c", config, ...words]);
    const url = `http://${listens}/`;
    await ask("machines", "add", attacked.name, "--auto", "-f", credentials, "--url", url);
    const key = (await ask("bouncers", "add", other.name, "-o", "raw")).trim();

    const api = store.spawn("crowdsec", ["-c", config, "-no-cs"]);
    await api.waitForLine(/Local API listening/);
    const agent = attacked.spawn("crowdsec", ["-c", config, "-no-api"]);
    await agent.waitForLine(/Starting processing data/);
    await other.must("ipset", ["create", SET, "hash:ip", "timeout", "14400"]);
    const bouncer = await withBouncer(folder, SET, { api_url: url, api_key: key });
    await other.spawn("crowdsec-custom-bouncer", ["-c", bouncer]).waitForLine(/decisions/);
    return {
      name: "CrowdSec (polled every 10 s)",
      offences: "failed logins",
      set: SET,
      polls: true,
      async offend() {
        // The last turn ended when the bouncer had just polled. An attacker does not know when that is.
        await delay(Math.random() * POLLS_MS);
        return await log.failedLogin();
      },
    };
  },
};
