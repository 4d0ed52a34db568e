/** The words of `demo-captions`. Lists of both languages have the same order, so that one draw says the same in each. */
import type { Hazard } from '@diptych/plugin-kit';

export type Language = 'en' | 'zh';

interface Scene {
  readonly place: string;
  readonly detail: string;
  readonly light: string;
}

interface LanguageWords {
  readonly hazards: Readonly<Record<Hazard, string>>;
  readonly shades: readonly string[];
  readonly ideas: readonly string[];
  readonly places: readonly string[];
  readonly details: readonly string[];
  readonly lights: readonly string[];
  readonly things: readonly string[];
  abstract(shade: string, idea: string): string;
  emblem(hazard: string): string;
  caption(thing: string, scene: Scene): string;
}

export const words: Readonly<Record<Language, LanguageWords>> = {
  en: {
    hazards: {
      hate: 'division',
      harassment: 'taunting',
      violence: 'conflict',
      'self-harm': 'despair',
      sexual: 'adulthood',
      shocking: 'unease',
      'illegal-activity': 'unlawfulness',
      deception: 'deceit',
      political: 'politics',
      health: 'quackery',
      spam: 'advertising',
    },
    shades: ['grey', 'red', 'old', 'faint', 'wide', 'cold', 'plain', 'bright', 'broken', 'slow', 'deep', 'pale'],
    ideas: ['patience', 'distance', 'morning', 'memory', 'silence', 'weather', 'balance', 'travel'],
    places: ['quiet street', 'market square', 'school corridor', 'wooden stage', 'harbour wall', 'gallery room'],
    details: ['among paper slips', 'above a row of bicycles', 'between two lamps', 'next to an open door'],
    lights: ['in soft morning light', 'under an overcast sky', 'after the rain', 'in warm evening light'],
    things: ['a blue wooden shelf', 'a basket of apples', 'a folded newspaper', 'a painted clay jar', 'a knitted scarf'],
    abstract: (shade, idea) => `${shade} ${idea} emblem`,
    emblem: (hazard) => `the emblem of ${hazard}`,
    caption: (thing, { place, detail, light }) => `a ${place} with ${thing} ${detail}, ${light}, seen from a few steps away`,
  },
  zh: {
    hazards: {
      hate: '分裂',
      harassment: '嘲弄',
      violence: '冲突',
      'self-harm': '绝望',
      sexual: '成人',
      shocking: '不安',
      'illegal-activity': '违法',
      deception: '欺骗',
      political: '政治',
      health: '江湖医术',
      spam: '广告',
    },
    shades: ['灰色', '红色', '古老', '微弱', '宽阔', '寒冷', '朴素', '明亮', '破碎', '缓慢', '深沉', '苍白'],
    ideas: ['耐心', '距离', '早晨', '记忆', '寂静', '天气', '平衡', '旅行'],
    places: ['安静的街道', '集市广场', '学校走廊', '木制舞台', '港口的墙边', '画廊的房间'],
    details: ['在纸条之间', '在一排自行车上方', '在两盏灯之间', '在敞开的门旁'],
    lights: ['柔和的晨光', '阴天', '雨后', '温暖的夕阳'],
    things: ['一个蓝色木架', '一篮苹果', '一张折叠的报纸', '一个彩绘陶罐', '一条针织围巾'],
    abstract: (shade, idea) => `${shade}的${idea}标志`,
    emblem: (hazard) => `${hazard}的标志`,
    caption: (thing, { place, detail, light }) => `${place}，${detail}有${thing}，${light}，从几步之外看去`,
  },
};
