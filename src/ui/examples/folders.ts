/** Folders dropped on the page: their files with their paths, so that folders may name classes. */
import { InputError, check } from '../../core/base/checks.ts';
import { exampleRole } from '../../core/examples/names.ts';
import type { NamedFile } from '../../../workers/protocol.ts';
import type { App } from '../app.ts';
import { openFiles } from '../open-files.ts';

const mostFiles = 100_000;

/** What is refused is told as a notice. */
export async function openFolders(app: App, entries: readonly FileSystemEntry[]): Promise<void> {
  try {
    const files = await filesOf(entries);
    const isModel = ({ name }: NamedFile): boolean => exampleRole(name) === null;
    const models = files.filter((each) => isModel(each) && /\.(?:onnx|safetensors)$/i.test(each.name));
    if (models.length > 0)
      return await openFiles(
        app,
        files.map(({ file }) => file),
      );
    (await app.examples()).give(files);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    app.store.getState().notify({ kind: 'error', text: error.message });
  }
}

async function filesOf(entries: readonly FileSystemEntry[]): Promise<readonly NamedFile[]> {
  const found: NamedFile[] = [];
  const waiting = [...entries];
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    if (isFolder(entry)) waiting.push(...(await inside(entry)));
    else if (isFile(entry))
      found.push({ name: entry.fullPath.replace(/^\//, ''), file: await fileOf(entry) });
    check(found.length + waiting.length <= mostFiles, 'folder', `must hold at most ${mostFiles} files`);
  }
  return found;
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, () => reject(unreadable(entry))));

/** Browsers tell a hundred at a time. */
async function inside(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<readonly FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, () => reject(unreadable(folder))),
    );
    if (some.length === 0) return found;
    found.push(...some);
  }
}

const unreadable = ({ name }: FileSystemEntry): InputError =>
  new InputError('folder', 'must be readable', name);
