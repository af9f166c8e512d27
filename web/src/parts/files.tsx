// SPDX-License-Identifier: Apache-2.0
// The files a device uploaded, with the time at which each is deleted by itself.
import { useEffect, useState } from 'preact/hooks';
import { api, Problem } from '../api';
import { localPath, mergeByName, sizeText, STILLS_PAGE } from '../stills';
import { clock, t } from '../text';
import type { StoredFile } from '../types';
import { Confirm, Failure } from './dialog';
import { useNow, useTask } from './hooks';
import { Icon } from './icon';

function useFiles(did: string) {
	const [files, setFiles] = useState<StoredFile[]>([]);
	const [next, setNext] = useState<string | null>(null);
	const [state, setState] = useState<'asking' | 'there' | 'absent'>('asking');
	const task = useTask();
	async function read(cursor?: string) {
		const page = await task.run(() => api.files(did, STILLS_PAGE, cursor).catch((error) => {
			if (error instanceof Problem && error.status === 404) return null;
			throw error;
		}));
		if (page === undefined) return;
		setState(page ? 'there' : 'absent');
		setFiles((old) => mergeByName(old, page?.items ?? []));
		setNext(page?.next ?? null);
	}
	useEffect(() => void read(), [did]);
	const remove = (name: string) => setFiles((old) => old.filter((file) => file.name !== name));
	return { files, next, state, read, remove, task };
}

export function Files(props: { did: string }) {
	const { files, next, state, read, remove, task } = useFiles(props.did);
	const [doomed, setDoomed] = useState<StoredFile | null>(null);
	const bin = useTask();
	const now = useNow();
	async function forget() {
		if (!doomed) return;
		const done = await bin.run(() => api.removeFile(localPath(doomed.url, location.origin)).then(() => true));
		if (!done) return;
		remove(doomed.name);
		setDoomed(null);
	}
	return (
		<section class="files card">
			<h2>{t('file.title')}</h2>
			<p class="hint">{t('file.hint')}</p>
			<Failure text={task.failure} />
			{state === 'absent' && <p class="hint">{t('file.absent')}</p>}
			{state === 'there' && files.length === 0 && <p class="hint">{t('file.none')}</p>}
			{files.length > 0 && <table class="stacked">
				<thead><tr>
					<th>{t('file.name')}</th><th>{t('file.size')}</th><th>{t('file.time')}</th><th>{t('file.until')}</th><th />
				</tr></thead>
				<tbody>{files.map((file) => (
					<tr key={file.name} data-file={file.name}>
						<td class="mono" data-label={t('file.name')}>{file.name}</td>
						<td data-label={t('file.size')}>{sizeText(file.bytes)}</td>
						<td data-label={t('file.time')}>{clock(file.time, now)}</td>
						<td data-label={t('file.until')}>{clock(file.expires_at, now)}</td>
						<td class="row-actions">
							<a class="button icon" href={localPath(file.url, location.origin)} download={file.name}
								aria-label={t('file.download', { name: file.name })} title={t('file.download', { name: file.name })}>
								<Icon name="down" /></a>
							<button type="button" class="icon" aria-label={t('file.delete', { name: file.name })}
								title={t('file.delete', { name: file.name })} onClick={() => setDoomed(file)}><Icon name="bin" /></button>
						</td>
					</tr>
				))}</tbody>
			</table>}
			{next && <button type="button" class="block" disabled={task.busy}
				onClick={() => void read(next)}>{t('list.more')}</button>}
			{doomed && <Confirm title={t('still.delete')} action={t('still.delete')} busy={bin.busy} failure={bin.failure}
				question={t('file.delete.sure', { name: doomed.name })} onYes={forget} onNo={() => setDoomed(null)} />}
		</section>
	);
}
