// Chinese for sentences of the server: notes on the fit of a garment, details and remedies of problems.
const WORDS = {
  "length of the body": "衣身长度",
  "sleeve on the left": "画面左侧的袖子",
  "sleeve on the right": "画面右侧的袖子",
  "leg on the left": "画面左侧的裤腿",
  "leg on the right": "画面右侧的裤腿",
  deeper: "更低",
  higher: "更高",
  "a top or dress": "上衣或连衣裙",
  "trousers or a skirt": "裤子或裙子",
  "a top": "上衣",
  "a dress": "连衣裙",
  "a skirt": "裙子",
  trousers: "裤子",
  upper: "上衣",
  lower: "下装",
  dress: "连衣裙",
  coat: "外套",
  inner: "内搭",
  socks: "袜子",
  shoes: "鞋",
  hat: "帽子",
  outfit: "全身",
};
const word = (text) => WORDS[text] ?? text;

// A pattern and its Chinese; $1, $2 … are what the groups caught, as words where they are known.
const SENTENCES = [
  // Notes.
  [/^the garment has no (.+), the person wears one$/, "这件衣服没有$1，而人物穿的有"],
  [/^(.+): only (\S+) of the garment's is seen, what is worn is shorter$/, "$1：原来穿的较短，只露出新衣的 $2"],
  [/^(.+): the garment covers (\S+) of what is worn, stretched by (\S+)$/, "$1：拉长 $3 后覆盖原来的 $2"],
  [/^neckline: the worn one is (\w+) than the garment's$/, "领口：原来的比新衣$1"],
  [
    /^(\S+) of what is worn lies where the garment has no cloth; its colour goes on there$/,
    "原来的 $1 超出新衣的范围，用新衣的颜色补齐",
  ],
  [/^the garment's sleeves are left out, the person wears none$/, "人物没有袖子，新衣的袖子已略去"],
  [/^reduced from (\S+) to (\S+) pixels$/, "图片已从 $1 缩小到 $2 像素"],
  [
    /^The photo was grey; it is written in colour, its grey values as they were\.$/,
    "原照片为灰度，已按彩色写出，灰度值不变。",
  ],
  [/^The 16-bit samples could not be read; the photo is kept with 8 bits\.$/, "无法读取 16 位数据，照片按 8 位保留。"],
  [/^The 32-bit samples were rounded to 16 bits\.$/, "32 位数据已舍入为 16 位。"],
  [/^The colour profile cannot be written back; .+$/, "无法写回色彩配置，照片已转换为 8 位 sRGB。"],
  [/^Painted by a diffusion model; .+$/, "由扩散模型绘制，仅改动原衣物的像素。"],
  // Details of problems.
  [/^the garment does not go onto (.+?)(?:: got (.+))?$/, "这件衣服（$2）不能穿在$1上"],
  [
    /^(?:no garment in the (?:photo|picture)|nothing in the photo stands out as a garment)\b.*$/,
    "照片中没有可辨认的衣服",
  ],
  [/^no whole garment in the photo\b.*$/, "照片中的衣服不完整"],
  [/^the garment fills the photo\b.*$/, "衣服占满了整张照片"],
  [/^garment photo too small(?:: got (.+))?$/, "服装照片太小（$1）"],
  [/^too little of the garment is seen(?:: got (.+))?$/, "衣服露出的部分太少（$1）"],
  [/^cannot tell how '(.+?)' is cut\b.*$/, "看不清$1的剪裁"],
  [/^cannot take '(.+?)' off a person\b.*$/, "$1不能换给别人"],
  [/^artwork of a print is fully transparent$/, "图案完全透明"],
  [/^swatch is too large\b.*$/, "图片太大"],
  [/^image has no pixels\b.*$/, "图片没有内容"],
  [/^no '(.+?)' on this person\b.*$/, "这个人没有$1"],
  [/^the region '(.+?)' is too small on this person\b.*$/, "这个人的$1太小"],
  [/^no such place for a print\b.*$/, "没有这个印花位置"],
  [/^nobody in the photo has '(.+)'$/, "照片中没有人穿着$1"],
  [/^(\d+) people have '(.+)'$/, "有 $1 个人穿着$2"],
  [/^there is no person (\d+)$/, "没有人物 $1"],
  [/^nobody was found in the photo$/, "照片中没有找到人"],
  [/^(\d+) (?:people|pictures) are too many for one request$/, "一次处理 $1 个太多"],
  [/^this garment needs more memory than stages may take$/, "这件衣物需要的内存超出限制"],
  // Remedies.
  [/^choose the region that it is for\b.*$/, "请选择与它对应的衣物；若种类判断有误，请在“种类”中指明"],
  [/^choose a photo that shows the garment and the body in it better$/, "请选择衣服和身体看得更清楚的照片"],
  [/^export it with its colours$/, "请连同颜色一起导出"],
  [
    /^use a photo of one garment lying or hanging on plain ground\b.*$/,
    "请用一件平铺或悬挂在干净背景上的衣服照片，或透明背景的 PNG",
  ],
  [/^lay one garment out upright, front up\b.*$/, "请把一件衣服正面朝上、竖直铺平，完整拍下"],
  [/^take a photo that shows people larger$/, "请使用人物更大的照片"],
  [/^ask for fewer styles, formats or people$/, "请减少风格、格式或人数"],
  [/^name some of them by number\b.*$/, "请只选择其中几个人"],
  [/^send a smaller photo\b.*$/, "请使用较小的照片"],
  [/^(?:send|upload) the photo(?: again)?$/, "请重新上传照片"],
  [/^scale it down first$/, "请先缩小"],
  [/^wait$/, "请稍候"],
  [/^try again$/, "请重试"],
];

/** The sentence in Chinese; one that is not known comes back as it is. */
export function said(text) {
  for (const [pattern, chinese] of SENTENCES) {
    const found = pattern.exec(text);
    if (!found) continue;
    const filled = chinese.replace(/\$(\d)/g, (_, k) => (found[k] === undefined ? "" : word(found[k])));
    return filled.replace("（）", "");
  }
  return text;
}
