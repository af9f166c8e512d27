// SPDX-License-Identifier: Apache-2.0
// Places a camera remembers: go there, save the present one, forget one.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { freeIndex, PRESET_MAX, presetsFrom } from '../presets';
import { t } from '../text';
import type { Preset } from '../types';
import { Confirm, Failure } from './dialog';
import { useTask } from './hooks';
import { Icon } from './icon';

const nameOf = (preset: Preset) => preset.name || t('preset.unnamed', { n: preset.index });

function SaveForm(props: { presets: Preset[]; busy: boolean; onSave: (preset: Preset) => Promise<boolean> }) {
	const [index, setIndex] = useState('');
	const [name, setName] = useState('');
	const free = freeIndex(props.presets);
	async function submit(event: Event) {
		event.preventDefault();
		const number = index === '' ? free : Number(index);
		if (number === null || !(await props.onSave({ index: number, name: name.trim() }))) return;
		setIndex('');
		setName('');
	}
	return (
		<form class="preset-form" onSubmit={submit}>
			<label class="field small"><span>{t('preset.index')}</span>
				<input name="preset-index" inputMode="numeric" type="number" min={1} max={PRESET_MAX} step={1}
					placeholder={free === null ? '' : String(free)} value={index}
					onInput={(event) => setIndex(event.currentTarget.value)} />
			</label>
			<label class="field"><span>{t('preset.name')}</span>
				<input name="preset-name" maxLength={64} value={name}
					onInput={(event) => setName(event.currentTarget.value)} />
			</label>
			<button type="submit" disabled={props.busy}>{t('preset.set')}</button>
		</form>
	);
}

export function Presets(props: { did: string; cached: Preset[]; disabled: boolean }) {
	const [presets, setPresets] = useState<Preset[]>(() => presetsFrom({ presets: props.cached }));
	const [removing, setRemoving] = useState<Preset | null>(null);
	const [words, setWords] = useState('');
	const { busy, failure, run } = useTask();

	const act = (preset: Record<string, unknown>) => api.act(props.did, { preset });
	async function reload() {
		const answer = await run(() => act({ list: {} }));
		if (answer) setPresets(presetsFrom(answer.result.preset));
	}
	useEffect(() => {
		if (!props.disabled) void reload();
	}, [props.did, props.disabled]);

	async function change(preset: Record<string, unknown>, done: string): Promise<boolean> {
		const answer = await run(() => act(preset));
		if (answer) setWords(done);
		if (answer && !('goto' in preset)) await reload();
		return answer !== undefined;
	}
	return (
		<section aria-labelledby="presets-title" class="presets">
			<h2 id="presets-title">{t('preset.title')}</h2>
			{presets.length === 0 && <p class="hint">{t('preset.none')}</p>}
			<ul class="preset-list">
				{presets.map((preset) => (
					<li key={preset.index}>
						<button type="button" class="goto" disabled={busy || props.disabled} data-preset={preset.index}
							aria-label={t('preset.goto', { name: nameOf(preset) })}
							onClick={() => change({ goto: { index: preset.index } }, t('preset.moving', { name: nameOf(preset) }))}>
							<span class="number">{preset.index}</span>{nameOf(preset)}
						</button>
						<button type="button" class="icon" disabled={busy || props.disabled}
							aria-label={t('preset.remove', { name: nameOf(preset) })} onClick={() => setRemoving(preset)}>
							<Icon name="bin" />
						</button>
					</li>
				))}
			</ul>
			<fieldset disabled={props.disabled} class="plain">
				<SaveForm presets={presets} busy={busy}
					onSave={({ index, name }) => change({ set: name ? { index, name } : { index } }, t('app.saved'))} />
			</fieldset>
			<Failure text={failure} />
			<p class="hint" role="status">{failure ? '' : words}</p>
			{removing && <Confirm title={t('preset.title')} busy={busy} action={t('preset.remove.do')}
				question={t('preset.remove.sure', { name: nameOf(removing) })} onNo={() => setRemoving(null)}
				onYes={() => {
					setRemoving(null);
					void change({ remove: { index: removing.index } }, '');
				}} />}
		</section>
	);
}
