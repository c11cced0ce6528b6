/** `npm start`: serves the built page and prints its address on a line of its own. PORT and HOST may be set. */
import { preview } from 'vite';

const server = await preview({
  logLevel: 'warn',
  preview: { port: Number(process.env.PORT ?? 4173), host: process.env.HOST ?? 'localhost' },
});
const address = server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0];
console.log('Rankscape is served at');
console.log(address);
