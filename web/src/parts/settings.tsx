// SPDX-License-Identifier: Apache-2.0
// The device's own settings, as far as it offers them, by read and write of its config.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { changes, flatten, type Config } from '../config';
import { t, type Key } from '../text';
import { Failure } from './dialog';
import { useTask } from './hooks';
import { CruiseField, PeriodField } from './settings_fields';

type Row =
	| { name: string; kind: 'yes-no' }
	| { name: string; kind: 'period' }
	| { name: string; kind: 'cruise' }
	| { name: string; kind: 'choice'; values: (string | number)[]; unit?: Key };

const GROUPS: { title: Key; rows: Row[] }[] = [
	{ title: 'set.image', rows: [
		{ name: 'image.flip', kind: 'yes-no' },
		{ name: 'image.day_night', kind: 'choice', values: ['auto', 'day', 'night'] },
		{ name: 'image.watermark', kind: 'yes-no' },
	] },
	{ title: 'set.alarm', rows: [
		{ name: 'alarm.motion', kind: 'yes-no' },
		{ name: 'alarm.person', kind: 'yes-no' },
		{ name: 'alarm.sensitivity', kind: 'choice', values: ['high', 'medium', 'low'] },
		{ name: 'alarm.interval_s', kind: 'choice', values: [3, 5, 10, 30, 60], unit: 'set.alarm.interval_s.unit' },
		{ name: 'alarm.period', kind: 'period' },
	] },
	{ title: 'set.ptz', rows: [{ name: 'ptz.cruise', kind: 'cruise' }] },
	{ title: 'set.storage', rows: [{ name: 'storage.mode', kind: 'choice', values: ['continuous', 'triggered'] }] },
];

function Field(props: { row: Row; value: unknown; onChange: (value: unknown) => void }) {
	const { row, value, onChange } = props;
	if (row.kind === 'period') return <PeriodField value={value} onChange={onChange} />;
	if (row.kind === 'cruise') return <CruiseField value={value} onChange={onChange} />;
	const label = t(`set.${row.name}` as Key);
	if (row.kind === 'yes-no')
		return (
			<label class="switch-row"><span>{label}</span>
				<input type="checkbox" role="switch" name={row.name} checked={value === true}
					onChange={(event) => onChange(event.currentTarget.checked)} />
			</label>
		);
	// A value the device chose outside our list stays visible, so that saving does not lose it.
	const values = row.values.includes(value as string) ? row.values : [value as string, ...row.values];
	const words = (one: string | number) => row.unit ? t(row.unit, { n: one })
		: row.values.includes(one) ? t(`set.${row.name}.${one}` as Key) : String(one);
	return (
		<label class="switch-row"><span>{label}</span>
			<select name={row.name} value={String(value)} onChange={(event) => {
				const chosen = values.find((one) => String(one) === event.currentTarget.value);
				onChange(chosen);
			}}>
				{values.map((one) => <option key={String(one)} value={String(one)}>{words(one)}</option>)}
			</select>
		</label>
	);
}

export function Settings(props: { did: string; disabled: boolean }) {
	const [before, setBefore] = useState<Config | null>(null);
	const [after, setAfter] = useState<Config>({});
	const [words, setWords] = useState('');
	const { busy, failure, run } = useTask();

	async function read() {
		const answer = await run(() => api.act(props.did, { read: ['config'] }));
		if (!answer) return;
		const config = flatten(answer.result.read?.config);
		setBefore(config);
		setAfter(config);
	}
	useEffect(() => {
		if (!props.disabled) void read();
	}, [props.did, props.disabled]);

	async function save(event: Event) {
		event.preventDefault();
		const changed = changes(before ?? {}, after);
		if (Object.keys(changed).length === 0) return setWords(t('set.unchanged'));
		const answer = await run(() => api.act(props.did, { write: { config: changed } }));
		if (!answer) return;
		setBefore(after);
		setWords(t('app.saved'));
	}
	const groups = GROUPS.map((group) => ({ ...group, rows: group.rows.filter((row) => before && row.name in before) }))
		.filter((group) => group.rows.length > 0);
	return (
		<section class="settings">
			<Failure text={failure} />
			{failure && !before && <button type="button" onClick={read} disabled={busy}>{t('app.retry')}</button>}
			{!before && busy && <p class="hint">{t('app.loading')}</p>}
			{before && groups.length === 0 && <p class="hint">{t('set.none')}</p>}
			{before && groups.length > 0 && (
				<form onSubmit={save} onInput={() => setWords('')}>
					<fieldset class="plain" disabled={props.disabled}>
						<p class="hint">{t('set.hint')}</p>
						{groups.map((group) => (
							<fieldset key={group.title}>
								<legend>{t(group.title)}</legend>
								{group.rows.map((row) => (
									<Field key={row.name} row={row} value={after[row.name]}
										onChange={(value) => setAfter((old) => ({ ...old, [row.name]: value }))} />
								))}
							</fieldset>
						))}
						<div class="actions">
							<span role="status" class="hint">{words}</span>
							<button type="submit" class="primary" disabled={busy}>{t('app.save')}</button>
						</div>
					</fieldset>
				</form>
			)}
		</section>
	);
}
