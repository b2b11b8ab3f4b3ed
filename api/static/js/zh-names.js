// Chinese names of what the server lists in English: samples, styles, fabrics, accessories, patterns.
const accessories = {
  background: "confetti 彩纸 hills 山丘 leaves 树叶 sea 大海",
  beard: "full-beard 络腮胡 goatee 山羊胡 moustache 八字胡",
  earrings: "drops 吊坠耳环 hoops 圈形耳环 pearls 珍珠耳环 studs 耳钉",
  frame: "badge 绶带徽章 dashed-ring 虚线圆环 film-strip 胶片 laurel 桂冠 polaroid 拍立得 ring 圆环",
  glasses:
    "aviator 飞行员墨镜 cat-eye 猫眼镜 half-rim 半框眼镜 heart-shades 爱心墨镜 monocle 单片眼镜 round 圆框眼镜 ski-goggles 滑雪镜 square 方框眼镜 vr-headset VR头显 wayfarer 墨镜",
  hat:
    "bandana 头巾 beanie 针织帽 beret 贝雷帽 bobble-beanie 毛球帽 bucket 渔夫帽 bunny-ears 兔耳 " +
    "cap 棒球帽 cap-backwards 反戴棒球帽 cat-ears 猫耳 chef 厨师帽 cowboy 牛仔帽 crown 皇冠 " +
    "fedora 礼帽 flower-wreath 花环 graduation 学士帽 hard-hat 安全帽 headband 运动发带 headscarf 包头巾 " +
    "party 派对帽 santa 圣诞帽 straw 草帽 top-hat 高礼帽 turban 缠头巾 witch 女巫帽",
  headphones: "earbuds 无线耳塞 gaming 游戏耳机 over-ear 头戴耳机",
  mask: "carnival 嘉年华面具 domino 眼罩面具 eye-patch 单眼罩 medical 医用口罩",
  other:
    "bow-tie 领结 ear-flower 耳边花 face-paint 脸部彩绘 freckles 雀斑 pearls-necklace 珍珠项链 scarf 围巾 tie 领带",
  sign: "balloon 气球 board 手举牌 coffee 咖啡杯 heart 爱心",
  pattern:
    "plain 纯色 gradient 渐变 disc 圆盘 blob 色块 rays 放射线 stripes 条纹 dots 圆点 halftone 网点 grid 网格 wash 水洗 skyline 城市天际线 sparkles 星光",
};
const pairs = Object.entries(accessories).flatMap(([kind, text]) => {
  const words = text.split(" ");
  return words.flatMap((word, k) => (k % 2 ? [] : [[`${kind}:${word}`, words[k + 1]]]));
});

export const names = {
  ...Object.fromEntries(pairs),
  family: "海边的一家四口",
  "parents-and-baby": "父母与宝宝",
  couple: "老年夫妇",
  "three-people": "三位同事",
  "full-body": "戴帽子的男士",
  anime: "动漫",
  chibi: "Q版",
  cyberpunk: "赛博朋克",
  flat: "扁平",
  pencil: "铅笔",
  watercolour: "水彩",
  skin: "皮肤",
  eyes: "眼睛",
  lips: "嘴唇",
  brows: "眉毛",
  plain: "亚麻",
  denim: "牛仔",
  herringbone: "人字呢",
  houndstooth: "千鸟格",
  gingham: "方格布",
  tartan: "苏格兰格",
  argyle: "菱形格",
  breton: "海魂条纹",
  pinstripe: "细条纹",
  polka: "波点",
  floral: "碎花",
  leopard: "豹纹",
  camouflage: "迷彩",
  corduroy: "灯芯绒",
  cable: "绞花针织",
};
