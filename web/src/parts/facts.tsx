// SPDX-License-Identifier: Apache-2.0
// What is known about a device, its name, and the way to remove it.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { profileRows } from '../devices';
import { clock, goneText, t, tOr } from '../text';
import type { Device } from '../types';
import { Confirm, Failure } from './dialog';
import { useTask } from './hooks';

/** One thing the device says about itself, in words where we have them. */
function said([name, value]: [string, string]): [string, string] {
	const words: Record<string, string> = { true: t('app.yes'), false: t('app.no') };
	return [tOr(`fact.${name}`, name), words[value] ?? value];
}

function rows(device: Device, now: number): [string, string][] {
	const { presence } = device;
	const known: [string, string | null][] = [
		[t('fact.did'), device.did],
		[t('fact.kind'), tOr(`kind.${device.kind}`, device.kind)],
		[t('fact.gateway'), device.gateway],
		[t('fact.address'), presence.address],
		[t('fact.reason'), presence.online || !presence.reason ? null : goneText(presence.reason)],
		[t('fact.policy'), device.sign_policy],
		[t('fact.created'), clock(device.created_at, now)],
		...profileRows(device.profile).filter(([name]) => name !== 'kind').map(said),
	];
	return known.filter((row): row is [string, string] => Boolean(row[1]));
}

export function Facts(props: { device: Device; now: number; onChanged: (device: Device) => void }) {
	const { device } = props;
	const [name, setName] = useState(device.name);
	const [asking, setAsking] = useState(false);
	const rename = useTask();
	const remove = useTask();

	async function save(event: Event) {
		event.preventDefault();
		const changed = await rename.run(() => api.renameDevice(device.did, name.trim()));
		if (changed) props.onChanged(changed);
	}
	async function forget() {
		const done = await remove.run(async () => {
			await api.removeDevice(device.did);
			return true;
		});
		if (done) location.hash = '#/devices';
	}
	return (
		<section class="facts">
			<form class="inline" onSubmit={save}>
				<label class="field"><span>{t('fact.name')}</span>
					<input name="device-name" value={name} maxLength={128}
						onInput={(event) => setName(event.currentTarget.value)} />
				</label>
				<button type="submit" disabled={rename.busy || name.trim() === device.name}>{t('fact.rename')}</button>
			</form>
			<Failure text={rename.failure} />
			<dl>
				{rows(device, props.now).map(([term, value]) => (
					<div key={term}><dt>{term}</dt><dd>{value}</dd></div>
				))}
			</dl>
			<button type="button" class="danger outline" onClick={() => setAsking(true)}>{t('fact.remove')}</button>
			{asking && <Confirm title={t('fact.remove')} action={t('fact.remove')} busy={remove.busy} failure={remove.failure}
				question={t('fact.remove.sure', { name: device.name || device.did })}
				onYes={forget} onNo={() => setAsking(false)} />}
		</section>
	);
}
