/**
 * For tests: loaded by `NODE_OPTIONS=--import`, writes every address that a process of Node tries to reach into the file
 * CONNECTIONS, one a line, also where the code swallows that it failed. Threads whose code is a file and children load it as well.
 */
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import net from 'node:net';

const note = (what) => appendFileSync(process.env.CONNECTIONS, `${what}\n`);

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  // `net.connect` hands over its arguments as one list.
  const [first, second] = Array.isArray(given[0]) ? given[0] : given;
  const options = typeof first === 'object' ? first : { port: first, host: second };
  if (!options.path && options.port !== undefined) note(`${options.host ?? 'localhost'}:${options.port}`);
  return connect.apply(this, given);
};

for (const resolver of [dns, dns.promises]) {
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
    const found = resolver[name];
    resolver[name] = function (host, ...rest) {
      if (net.isIP(host) === 0) note(`name ${host}`);
      return found.call(this, host, ...rest);
    };
  }
}
