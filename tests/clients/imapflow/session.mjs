// imapflow does what a mail program on a phone does; one line of JSON a step, for imapflow_client.py to judge.
// Arguments: host, port, CA file, user, password (on standard input), mailbox, subject of the message in INBOX.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';

const [modules, host, port, ca, user, box, subject] = process.argv.slice(2);
const { ImapFlow } = createRequire(modules + '/')('imapflow');
const [pass, extra] = readFileSync(0, 'utf8').split('\0');

const client = new ImapFlow({
  host,
  port: Number(port),
  secure: true,
  auth: { user, pass },
  tls: { ca: readFileSync(ca) },
  qresync: true,
  logger: false,
});

function tell(step, value) {
  console.log(JSON.stringify({ step, ...value }, (_, v) => (typeof v === 'bigint' ? Number(v) : v)));
}

async function octets(readable) {
  const pieces = [];
  for await (const piece of readable) pieces.push(piece);
  return Buffer.concat(pieces).toString('base64');
}

await client.connect();
tell('connect', { capabilities: [...client.capabilities.keys()], enabled: [...client.enabled], compressed: !!client._deflate });

await client.mailboxCreate(box);
const tree = await client.list({ statusQuery: { messages: true, unseen: true } });
tell('list', { names: tree.map((one) => one.path), uses: tree.map((one) => one.specialUse || null) });
tell('status', { status: await client.status('INBOX', { messages: true, uidNext: true, unseen: true, highestModseq: true }) });

const opened = await client.mailboxOpen('INBOX');
const [uid] = await client.search({ subject }, { uid: true });
tell('select-search', { exists: opened.exists, uid });

const row = await client.fetchOne(uid, { envelope: true, bodyStructure: true, flags: true, size: true, internalDate: true, headers: true }, { uid: true });
tell('headers', { subject: row.envelope.subject, size: row.size, flags: [...row.flags], parts: row.bodyStructure.childNodes?.length, headers: row.headers.toString('base64') });
const whole = await client.download(uid, undefined, { uid: true });
tell('body', { octets: await octets(whole.content) });
const part = await client.download(uid, '2', { uid: true });
tell('part', { octets: await octets(part.content), name: part.meta.filename });
tell('search', { found: await client.search({ or: [{ subject }, { from: 'nobody' }], not: { seen: true } }, { uid: true }), umlaut: await client.search({ body: 'Köln' }, { uid: true }) });

await client.messageFlagsAdd(uid, ['\\Flagged', '$Phone'], { uid: true });
await client.messageFlagsRemove(uid, ['\\Flagged'], { uid: true });
tell('store', { flags: [...(await client.fetchOne(uid, { flags: true }, { uid: true })).flags] });

const appended = await client.append(box, Buffer.from(extra), ['\\Seen'], new Date('2026-02-03T04:05:06Z'));
const copied = await client.messageCopy(uid, box, { uid: true });
const moved = await client.messageMove(uid, box, { uid: true });
tell('append-copy-move', { appended: appended.uid, copied: copied.uidMap?.get(uid), moved: moved.uidMap?.get(uid) });

await client.mailboxOpen(box);
const before = await client.search({ all: true }, { uid: true });
await client.messageDelete(before[0], { uid: true });
const between = await client.search({ all: true }, { uid: true });
await client.messageDelete('1:*');
tell('expunge', { before, between, after: (await client.search({ all: true }, { uid: true })) || [] });

await client.mailboxOpen('INBOX');
const quota = client.capabilities.has('QUOTA') ? await client.getQuota('INBOX') : null;
tell('quota', { quota });
const told = once(client, 'exists', { signal: AbortSignal.timeout(20000) });
client.idle(); // until the next command
tell('idle', {});
const [change] = await told;
tell('told', { count: change.count, before: change.prevCount });
await client.mailboxClose();
await client.mailboxDelete(box);
await client.logout();
tell('end', {});
