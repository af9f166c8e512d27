// SPDX-License-Identifier: Apache-2.0
// Two ways to make devices known: one by hand, many by CSV.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { isDid } from '../route';
import { t } from '../text';
import type { ImportAnswer, NewDevice } from '../types';
import { CopyField } from './copy';
import { Dialog, Failure } from './dialog';
import { useTask } from './hooks';

const KINDS = ['camera', 'gateway', 'recorder', 'speaker', 'other'] as const;

export function AddDevice(props: { onClose: () => void; onAdded: () => void }) {
	const [did, setDid] = useState('');
	const [name, setName] = useState('');
	const [kind, setKind] = useState<string>('camera');
	const [made, setMade] = useState<NewDevice | null>(null);
	const { busy, failure, run, setFailure } = useTask();

	async function submit(event: Event) {
		event.preventDefault();
		if (!isDid(did.trim())) return setFailure(t('problem.invalid-did'));
		const device = await run(() => api.addDevice({ did: did.trim(), name: name.trim(), kind }));
		if (!device) return;
		setMade(device);
		props.onAdded();
	}
	if (made)
		return (
			<Dialog title={t('list.add')} onClose={props.onClose}>
				<CopyField name="secret" label={t('add.secret', { did: made.did })} value={made.secret} />
				<p class="hint">{t('add.secret.once')}</p>
				<div class="actions">
					<button type="button" class="primary" onClick={props.onClose}>{t('add.done')}</button>
				</div>
			</Dialog>
		);
	return (
		<Dialog title={t('list.add')} onClose={props.onClose}>
			<form onSubmit={submit}>
				<label class="field"><span>{t('add.did')}</span>
					<input name="did" class="mono" value={did} required maxLength={64} autocomplete="off" autocapitalize="off"
						spellcheck={false} onInput={(event) => setDid(event.currentTarget.value)} />
					<span class="hint">{t('add.did.hint')}</span>
				</label>
				<label class="field"><span>{t('add.name')}</span>
					<input name="name" value={name} maxLength={128} onInput={(event) => setName(event.currentTarget.value)} />
				</label>
				<label class="field"><span>{t('add.kind')}</span>
					<select name="kind" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
						{KINDS.map((one) => <option key={one} value={one}>{t(`kind.${one}`)}</option>)}
					</select>
				</label>
				<Failure text={failure} />
				<div class="actions">
					<button type="button" onClick={props.onClose}>{t('app.cancel')}</button>
					<button type="submit" class="primary" disabled={busy}>{t('list.add')}</button>
				</div>
			</form>
		</Dialog>
	);
}

/** Our own words for a taken or malformed id; what else is wrong only the server knows. */
function refusalText(line: ImportAnswer['refused'][number]): string {
	const isOfId = line.reason === 'invalid-did' || line.reason === 'did-taken';
	return isOfId ? t(`problem.${line.reason as 'invalid-did' | 'did-taken'}`) : line.detail || line.reason;
}

function Refused(props: { answer: ImportAnswer }) {
	const { refused } = props.answer;
	if (refused.length === 0) return null;
	return (
		<div class="scroll" tabIndex={0}>
			<table>
				<thead><tr><th>{t('import.line')}</th><th>{t('add.did')}</th><th>{t('import.reason')}</th></tr></thead>
				<tbody>
					{refused.map((line) => (
						<tr key={line.line}><td>{line.line}</td><td class="mono">{line.did}</td>
							<td>{refusalText(line)}</td></tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

export function ImportDevices(props: { onClose: () => void; onAdded: () => void }) {
	const [file, setFile] = useState<File | null>(null);
	const [answer, setAnswer] = useState<ImportAnswer | null>(null);
	const { busy, failure, run } = useTask();
	async function submit(event: Event) {
		event.preventDefault();
		if (!file) return;
		const result = await run(async () => api.importDevices(await file.text()));
		if (!result) return;
		setAnswer(result);
		props.onAdded();
	}
	return (
		<Dialog title={t('list.import')} onClose={props.onClose}>
			<form onSubmit={submit}>
				<p class="hint">{t('import.hint')}</p>
				<label class="field"><span>{t('import.file')}</span>
					<input type="file" name="csv" accept=".csv,text/csv" required onChange={(event) => {
						setFile(event.currentTarget.files?.[0] ?? null);
						setAnswer(null);
					}} />
				</label>
				<Failure text={failure} />
				{answer && <p role="status" class="result">{t('import.result', {
					created: answer.created, updated: answer.updated, refused: answer.refused.length })}</p>}
				{answer && <Refused answer={answer} />}
				<div class="actions">
					<button type="button" onClick={props.onClose}>{answer ? t('add.done') : t('app.cancel')}</button>
					{!answer && <button type="submit" class="primary" disabled={busy || !file}>{t('import.start')}</button>}
				</div>
			</form>
		</Dialog>
	);
}
