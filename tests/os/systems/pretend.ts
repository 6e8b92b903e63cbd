/** Loaded before c3po: has Deno say that this is the system named in `C3PO_TEST_SYSTEM`. */
const os = Deno.env.get("C3PO_TEST_SYSTEM");
Object.defineProperty(Deno, "build", { value: { ...Deno.build, os } });
