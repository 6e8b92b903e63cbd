/** What a package of Linux is made from. */
export interface Source {
  /** The folder that `deno task compile linux-…` made, such as `dist/c3po-linux-x86_64`. */
  readonly tree: string;
  /** The processor, as `uname -m` has it. */
  readonly processor: string;
  /** The path of the list of parts. */
  readonly sbom: string;
  /** Whether to be done soon rather than small, for tests: a release takes its time. */
  readonly isFast: boolean;
}
