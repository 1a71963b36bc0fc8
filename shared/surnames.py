"""Surnames that a dictionary of characters gets wrong: compound ones, and those read otherwise than the character."""

_COMPOUND = """
欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠
公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁
拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 西门 第五 南荣 仲长 即墨 达奚 褚师 纳兰 叶赫
那拉 完颜 耶律 贺兰 贺若 斛律 爱新 哥舒 侯莫 单于 陆费 东门 北宫 歐陽 東方 獨孤 南宮 萬俟 聞人 諸葛 尉遲 赫連
公孫 鍾離 長孫 鮮于 閭丘 樂正 穀梁 軒轅 東郭 單于
"""

_READINGS = """
单:shan 仇:qiu 曾:zeng 解:xie 查:zha 朴:piao 区:ou 盖:ge 乐:yue 覃:qin 洗:xian 冼:xian 员:yun 贠:yun 逄:pang
逢:pang 重:chong 种:chong 缪:miao 繁:po 折:she 召:shao 祭:zhai 翟:zhai 黑:he 秘:bi 卜:bu 句:gou 薄:bo 牟:mu
隗:wei 郇:xun 佴:nai 长:chang 都:du 参:shen 角:jue 能:nai 会:gui 铅:yan 阚:kan 任:ren 华:hua 燕:yan 宁:ning
应:ying 过:guo 车:che 尉:wei 那:na 單:shan 區:ou 蓋:ge 樂:yue 員:yun 種:chong 繆:miao 華:hua 應:ying 車:che
尉迟:yu_chi 尉遲:yu_chi 万俟:mo_qi 萬俟:mo_qi 澹台:tan_tai 长孙:zhang_sun 長孫:zhang_sun 乐正:yue_zheng
樂正:yue_zheng 鲜于:xian_yu 鮮于:xian_yu 单于:chan_yu 單于:chan_yu 仲长:zhong_chang 子车:zi_ju 陆费:lu_bi
令狐:ling_hu 宰父:zai_fu
"""

COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
"""复姓: surnames of two characters, those still borne and the historical ones that people carry again."""

SURNAME_READINGS: dict[str, tuple[str, ...]] = {
    surname: tuple(reading.split("_")) for surname, _, reading in (entry.partition(":") for entry in _READINGS.split())
}
"""How a surname is read where the character's commonest reading is another (现代汉语词典, entries marked 姓)."""
