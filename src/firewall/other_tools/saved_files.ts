import { tryTool } from "../../os/tool.ts";

/** A file from which a firewall is loaded at boot, saved while C3PO's rules were there. */
export interface SavedFile {
  readonly file: string;
  /** What loads it. */
  readonly by: "iptables-restore" | "nft";
  /** The sets of C3PO's that its rules name. */
  readonly sets: readonly string[];
}

/** Where distributions and their documents have such files. */
const FILES: readonly (readonly [file: string, by: SavedFile["by"]])[] = [
  ["/etc/iptables/rules.v4", "iptables-restore"],
  ["/etc/iptables/rules.v6", "iptables-restore"],
  ["/etc/iptables/iptables.rules", "iptables-restore"],
  ["/etc/iptables/ip6tables.rules", "iptables-restore"],
  ["/etc/iptables.rules", "iptables-restore"],
  ["/etc/iptables.up.rules", "iptables-restore"],
  ["/etc/sysconfig/iptables", "iptables-restore"],
  ["/etc/sysconfig/ip6tables", "iptables-restore"],
  ["/etc/nftables.conf", "nft"],
  ["/etc/sysconfig/nftables.conf", "nft"],
];

/** A set of C3PO's, or one of its chains. */
const OURS = "c3po-[a-z0-9-]+|C3PO-[A-Z]+";

/**
 * The files on this machine in which rules of the iptables engine are: iptables refuses all of such a file
 * where the sets that its rules name are not there, and nft cannot read it at all.
 */
export async function savedFiles(): Promise<SavedFile[]> {
  // Ends with another code than 0 where one of the files is missing.
  const { stdout } = await tryTool("grep", ["-sHoE", OURS, ...FILES.map(([file]) => file)]);
  const found = stdout.split("\n").flatMap((line) => {
    const at = line.lastIndexOf(":");
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  return FILES.flatMap(([file, by]): SavedFile[] => {
    const names = found.filter(([each]) => each === file).map(([, name]) => name);
    if (!names.some((name) => name.startsWith("C3PO-"))) return [];
    return [{ file, by, sets: [...new Set(names.filter((name) => name.startsWith("c3po-")))] }];
  });
}
