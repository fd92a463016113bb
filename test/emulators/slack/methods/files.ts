import { z } from 'zod';
import { type Method, SlackRefusal } from '../method.ts';
import { BOT, type StoredFile } from '../workspace.ts';

const TIER_3 = 50;
const TIER_4 = 100;
const COMPLETED = z.array(z.strictObject({ id: z.string(), title: z.string().optional() })).min(1);

const getUploadUrl: Method = {
  scopes: ['files:write'],
  takes: ['filename', 'length'],
  perMinute: TIER_4,
  run: (args, { workspace, url }) => {
    const byteLength = args.number('length');
    if (byteLength < 1) throw new SlackRefusal('invalid_arguments', ['length must be positive']);
    const file: StoredFile = {
      id: workspace.nextId('F'),
      name: args.text('filename'),
      byteLength,
      owner: BOT.id,
      mimetype: '',
      isCompleted: false,
    };
    workspace.files.set(file.id, file);
    return { upload_url: `${url}/upload/v1/${file.id}`, file_id: file.id };
  },
};

const completeUpload: Method = {
  scopes: ['files:write'],
  takes: ['files'],
  perMinute: TIER_4,
  run: (args, { workspace, faults }) => {
    const asked = COMPLETED.parse(args.json('files'));
    for (const { id } of asked) {
      const file = workspace.files.get(id);
      if (file?.data === undefined || file.isCompleted) throw new SlackRefusal('file_not_found');
      file.isCompleted = true;
      if (faults.unprocessedUploads > 0) faults.unprocessedUploads -= 1;
      else setTimeout(() => look(file), faults.processingMs).unref();
    }
    return { files: asked.map(({ id, title }) => ({ id, title: title ?? '' })) };
  },
};

/** What Slack makes of the bytes, in its own time. */
function look(file: StoredFile): void {
  file.mimetype = typeOf(file.data ?? new Uint8Array());
}

function typeOf(data: Uint8Array): string {
  const start = Buffer.from(data.subarray(0, 12)).toString('latin1');
  if (start.startsWith('\x89PNG')) return 'image/png';
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (start.startsWith('GIF8')) return 'image/gif';
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'image/webp';
  return 'application/octet-stream';
}

const info: Method = {
  scopes: ['files:read'],
  takes: ['file'],
  perMinute: TIER_4,
  run: (args, { workspace, url }) => {
    const file = workspace.files.get(args.text('file'));
    if (file === undefined || !file.isCompleted) throw new SlackRefusal('file_not_found');
    return { file: describeFile(file, url) };
  },
};

/** A file as events and `files.info` have it. */
export function describeFile(file: StoredFile, url: string): Readonly<Record<string, unknown>> {
  return {
    id: file.id,
    name: file.name,
    mimetype: file.mimetype,
    size: file.byteLength,
    url_private: `${url}/files-pri/${file.id}/${file.name}`,
    url_private_download: `${url}/files-pri/${file.id}/download/${file.name}`,
  };
}

const remove: Method = {
  scopes: ['files:write'],
  takes: ['file'],
  perMinute: TIER_3,
  run: (args, { workspace }) => {
    const file = workspace.files.get(args.text('file'));
    if (file === undefined) throw new SlackRefusal('file_not_found');
    if (file.owner !== BOT.id) throw new SlackRefusal('cant_delete_file');
    workspace.files.delete(file.id);
    return {};
  },
};

export const fileMethods: Readonly<Record<string, Method>> = {
  'files.getUploadURLExternal': getUploadUrl,
  'files.completeUploadExternal': completeUpload,
  'files.info': info,
  'files.delete': remove,
};
