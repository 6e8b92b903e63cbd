/**
 * Greets everybody who connects, and lets go: an sshd for very many connections, or a service of any kind.
 *
 * usage: greeter.ts PORT GREETING
 */
const [port, greeting] = Deno.args;
const text = new TextEncoder().encode(greeting);
greet(Deno.listen({ hostname: "::", port: Number(port) })); // IPv4 as well
Deno.stdout.writeSync(new TextEncoder().encode("listening\n"));

async function greet(listener: Deno.TcpListener): Promise<void> {
  for await (const connection of listener) {
    connection.write(text).catch(() => {}).finally(() => connection.close());
  }
}
