// SPDX-License-Identifier: Apache-2.0
// One picture of a device: small in the gallery, large in a dialog.
import { useState } from 'preact/hooks';
import { localPath, sizeText } from '../stills';
import { clock, t } from '../text';
import type { Still } from '../types';
import { Dialog } from './dialog';
import { Icon } from './icon';

export function StillImage(props: { still: Still; large?: boolean }) {
	const { still } = props;
	const [broken, setBroken] = useState(false);
	if (broken) return <span class="broken">{t('still.broken')}</span>;
	return <img src={localPath(still.url, location.origin)} alt="" loading={props.large ? 'eager' : 'lazy'}
		decoding="async" width={still.width} height={still.height} onError={() => setBroken(true)} />;
}

export function StillDialog(props: { still: Still; now: number; onClose: () => void; onDelete: () => void;
	onBefore?: () => void; onAfter?: () => void }) {
	const { still, onBefore, onAfter } = props;
	const time = clock(still.time, props.now, true);
	const size = still.width ? `${still.width} × ${still.height}, ` : '';
	function key(event: KeyboardEvent) {
		if (event.key === 'ArrowLeft') onBefore?.();
		if (event.key === 'ArrowRight') onAfter?.();
	}
	return (
		<Dialog title={t('still.of', { time })} onClose={props.onClose} look="wide-dialog">
			<div class="large" onKeyDown={key}>
				<StillImage key={still.name} still={still} large />
			</div>
			<p class="hint">{size}{sizeText(still.bytes)}</p>
			<div class="actions" onKeyDown={key}>
				<button type="button" class="icon" aria-label={t('still.before')} title={t('still.before')}
					disabled={!onBefore} onClick={onBefore}><Icon name="back" /></button>
				<button type="button" class="icon" aria-label={t('still.after')} title={t('still.after')}
					disabled={!onAfter} onClick={onAfter}><Icon name="next" /></button>
				<span class="grow" />
				<button type="button" class="danger outline" onClick={props.onDelete}>
					<Icon name="bin" />{t('still.delete')}
				</button>
				<a class="button" href={localPath(still.url, location.origin)} download={still.name}>
					<Icon name="down" />{t('still.download')}
				</a>
			</div>
		</Dialog>
	);
}
