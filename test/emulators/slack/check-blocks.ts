import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import type { Faults } from './faults.ts';
import { SlackRefusal } from './method.ts';
import type { Workspace } from './workspace.ts';

export type Surface = 'message' | 'modal' | 'home';

/** @throws SlackRefusal `invalid_blocks` saying what Slack would not take */
export type BlockChecker = (content: unknown, surface: Surface) => void;

/** UTF-16 units of all texts in a message's blocks. */
const MAX_TEXT_IN_ALL = 13_000;
const SHOWN_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif'];

const schema: object = JSON.parse(
  readFileSync(fileURLToPath(new URL('blocks.schema.json', import.meta.url)), 'utf8'),
) as object;

/** Slack's own types and lengths by JSON Schema; by hand what a schema cannot say. */
export function createBlockChecker(workspace: Workspace, faults: Faults): BlockChecker {
  const ajv = new Ajv({ allErrors: true, strict: false, schemas: { blocks: schema } });
  const bySurface = {
    message: ajv.compile({ $ref: 'blocks#/definitions/Checked/properties/message' }),
    modal: ajv.compile({ $ref: 'blocks#/definitions/ModalView' }),
    home: ajv.compile({ $ref: 'blocks#/definitions/HomeView' }),
  };

  function checkFiles(nodes: readonly Node[]): void {
    const files = nodes.flatMap(({ slack_file: file }) => (isNode(file) ? [file.id] : []));
    if (files.length > 0 && faults.refusedFileBlocks > 0) {
      faults.refusedFileBlocks -= 1;
      throw new SlackRefusal('invalid_blocks', ['invalid slack file']);
    }
    for (const id of files) {
      const file = typeof id === 'string' ? workspace.files.get(id) : undefined;
      if (file === undefined || !SHOWN_TYPES.includes(file.mimetype)) {
        throw new SlackRefusal('invalid_blocks', [`invalid slack file ${String(id)} (${file?.mimetype ?? 'unknown'})`]);
      }
    }
  }

  return (content, surface) => {
    const validate = bySurface[surface];
    if (!validate(content)) {
      const said = (validate.errors ?? []).slice(0, 6).map(({ instancePath, message }) => `${instancePath} ${message}`);
      throw new SlackRefusal(surface === 'message' ? 'invalid_blocks' : 'invalid_arguments', said);
    }
    const nodes = nodesOf(content);
    checkUnique(nodes, 'block_id');
    checkUnique(nodes, 'action_id');
    checkTexts(nodes);
    checkFiles(nodes);
  };
}

type Node = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every object in a tree of JSON. */
function nodesOf(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  return isNode(value) ? [value, ...Object.values(value).flatMap(nodesOf)] : [];
}

function checkUnique(nodes: readonly Node[], name: 'block_id' | 'action_id'): void {
  const ids = nodes.flatMap((node) => (name in node ? [String(node[name])] : []));
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new SlackRefusal('invalid_blocks', [`${name} ${twice} already exists`]);
}

function checkTexts(nodes: readonly Node[]): void {
  let length = 0;
  for (const node of nodes) {
    if (node.type === 'actions' || node.type === 'rich_text' || node.type === 'rich_text_section') {
      if (!Array.isArray(node.elements) || node.elements.length === 0) {
        throw new SlackRefusal('invalid_blocks', [`${node.type} must have elements`]);
      }
    }
    if (typeof node.text !== 'string') continue;
    if (node.text === '') throw new SlackRefusal('invalid_blocks', ['text must be more than 0 characters']);
    length += node.text.length;
  }
  if (length > MAX_TEXT_IN_ALL) throw new SlackRefusal('msg_blocks_too_long');
}
