const INSTEAD = new URL("./node_socket.mjs", import.meta.url).href;

export async function resolve(specifier, context, next) {
  return specifier.endsWith("/vendor/socket.io.esm.min.js") ? { url: INSTEAD, shortCircuit: true } : next(specifier, context);
}
