package plan

import "strings"

const (
	namesEnglish = "Ashgrove Millbrook Larkfield Stonebridge Fernhill Oakhurst Riverside Westmere Hollowell Brightwater Elmstead Thornbury " +
		"Copperfield Marlow Kestrel Foxglove Winterbourne Harrowgate Linden Saltmarsh Whitcombe Rosedale Barrowby Cedarwood Amberley Quarry " +
		"Heathcote Silverdale Pinecrest Eastleigh Dunmore Greystone Holloway Meadowbank Juniper Redfern Clearwater Ravenscroft Sandford Orchard " +
		"Beechmont Falconer Highgate Ivybridge Laurel Northwick Primrose Swanmore Tilbury Underhill Willowbank Yarrow Alderney Bramble Coldstream"
	saintsEnglish = "Aldric Maren Oswin Liora Benedek Ysolde Corvin Tamsin Edda Florian Hilde Jorin Katrin Leopold Mirren Norbert Petra Quentin Rosalind Sigrid"
	waysEnglish   = "Chestnut Harbour Mill Tanner Bishop Weaver Lantern Garden Station Cooper Hazel Maple Poplar Rowan Sycamore Larch Cherry Acacia " +
		"Cobbler Miller Potter Saddler Bridge Castle Chapel Forge Granary Heron Kingfisher Plover Swallow Wren Violet Clover Heather Sorrel Thyme " +
		"Juniper Bramley Damson Quince Medlar Sparrow Thrush Magpie Linnet Falcon Otter Badger Marten Beaver Anvil Bellows Candle Copper Silver"
	namesChinese = "枫林 碧湖 松岭 清河 石桥 柳荫 金穗 东篱 南溪 望山 梅园 竹苑 云台 桃源 银杏 翠屏 玉泉 白鹭 青石 兰亭 丹霞 芳洲 鹤鸣 晨光 星河 海棠 红叶 长宁 永安 和乐 " +
		"明德 瑞和 春晖 秋实 槐树 麦田 雁栖 紫藤 月牙 凤台 龙潭 鹿野 沧浪 观澜 映雪 听涛 新丰 朝阳 临江 百合"
	waysChinese = "长风 梧桐 建设 学府 花溪 滨河 解放 文昌 迎宾 青年 丰收 朝晖 锦绣 樱花 丁香 桂花 玉兰 杏林 竹海 松涛 兴业 平安 康乐 同心 友谊 光明 幸福 团结 和平 育才 " +
		"荷塘 芦苇 飞鸟 云雀 白鹿 石榴 茶园 瓷器 丝绸 铁匠 人民 文化 胜利 新华 工农 环城 学院 府前 钟楼 北河 南湖 东风 西山"
)

// patterns are the names of a class: % stands for a name, $ for a saint's, # for a number in Chinese.
func patterns(class string, chinese bool) []string {
	p, ok := map[string][2]string{
		"school":        {"% Primary School|% School|% High School|% Academy", "%小学|%中学|%学校|%实验小学|%第#中学|%高中"},
		"kindergarten":  {"% Kindergarten|Little % Kindergarten|% Nursery School", "%幼儿园|%实验幼儿园|%中心幼儿园"},
		"university":    {"% University|University of %", "%大学|%师范大学|%理工大学"},
		"hospital":      {"St. $'s Hospital|% General Hospital|% Hospital", "%医院|%人民医院|%中医院|%第#人民医院"},
		"clinic":        {"% Clinic|% Health Centre", "%诊所|%门诊部|%卫生院"},
		"pharmacy":      {"% Pharmacy", "%药店|%药房"},
		"nursing_home":  {"% Nursing Home|% Care Home", "%养老院|%敬老院"},
		"park":          {"% Park|% Common|% Green", "%公园|%森林公园|%绿地公园"},
		"playground":    {"% Playground", "%儿童乐园"},
		"sports_pitch":  {"% Sports Pitch|% Playing Field", "%运动场|%足球场"},
		"sports_centre": {"% Sports Centre", "%体育中心"},
		"stadium":       {"% Stadium", "%体育场|%体育馆"},
		"swimming_pool": {"% Lido|% Swimming Pool", "%游泳池|%游泳馆"},
		"supermarket":   {"% Supermarket|% Superstore", "%超市"},
		"mall":          {"% Shopping Centre|% Mall", "%购物中心|%商场|%百货"},
		"marketplace":   {"% Market", "%市场|%菜市场|%农贸市场"},
		"hotel":         {"Hotel %|% Hotel", "%酒店|%宾馆"},
		"restaurant":    {"The % Restaurant|% Kitchen Restaurant", "%餐厅|%饭店|%餐馆"},
		"cinema":        {"% Cinema", "%电影院|%影院"},
		"theatre":       {"% Theatre", "%剧院|%大剧院"},
		"museum":        {"% Museum|Museum of %", "%博物馆|%纪念馆"},
		"library":       {"% Library|% Public Library", "%图书馆|%区图书馆"},
		"bank":          {"% Savings Bank|Bank of %", "%银行"},
		"office":        {"% House Offices|% Business Centre", "%写字楼|%办公楼|%公司"},
		"post_office":   {"% Post Office", "%邮局"},
		"police":        {"% Police Station", "%派出所|%公安局"},
		"fire_station":  {"% Fire Station", "%消防站|%消防队"},
		"townhall":      {"% Town Hall", "%市政厅|%区政府"},
		"church":        {"St. $'s Church|% Chapel", "%教堂"},
		"mosque":        {"% Mosque", "%清真寺"},
		"temple":        {"% Temple", "%寺"},
		"cemetery":      {"% Cemetery", "%公墓|%陵园"},
		"parking":       {"% Car Park", "%停车场"},
		"bus_station":   {"% Bus Station", "%汽车站|%客运站"},
		"station":       {"% Station|% Central Station|% Junction Station", "%火车站|%车站"},
		"fuel":          {"% Petrol Station", "%加油站"},
		"car_dealer":    {"% Motors", "%汽车销售"},
		"factory":       {"% Works|% Mill|% Factory", "%工厂|%机械制造厂"},
		"warehouse":     {"% Warehouse|% Logistics Depot", "%仓库|%物流园"},
		"power":         {"% Substation|% Power Station", "%变电站"},
		"water_works":   {"% Water Works", "%水厂"},
		"construction":  {"% Construction Site", "%建筑工地|%工地"},
		"farm":          {"% Farm", "%农场|%养殖场"},
	}[class]
	if !ok {
		return []string{"%"}
	}
	if chinese {
		return strings.Split(p[1], "|")
	}
	return strings.Split(p[0], "|")
}

// placeName is the name of a class's nth place in a cell. It walks through the list with the cells, in steps that bring a
// class back to a name only some four kilometres away.
func (p *Planner) placeName(class string, i, j, nth int) string {
	kind := uint64(0)
	for _, c := range class {
		kind = mix(kind + uint64(c))
	}
	r := newRand(Hash(p.seed, 9, i, j) ^ mix(kind+uint64(nth)))
	forms := patterns(class, p.chinese)
	form := forms[r.below(len(forms))]
	list, saints := strings.Fields(namesEnglish), strings.Fields(saintsEnglish)
	if p.chinese {
		list = strings.Fields(namesChinese)
	}
	turn := i*7 + j*29 + nth*17 + int((kind^p.seed*golden)%1009)
	form = strings.ReplaceAll(form, "$", saints[(i*3+j*7+nth*5)%len(saints)])
	if strings.Contains(form, "#") {
		form = strings.ReplaceAll(form, "#", string([]rune("一二三四五六七八九")[r.below(9)]))
	}
	return strings.ReplaceAll(form, "%", list[turn%len(list)])
}

func (p *Planner) streetName(n, purpose int, main bool) string {
	r := newRand(Hash(p.seed, uint64(11+purpose), n, 0))
	if p.chinese {
		list := strings.Fields(waysChinese)
		if main {
			return list[r.below(len(list))] + "大道"
		}
		return list[r.below(len(list))] + []string{"路", "街", "巷", "东路", "西路", "南街", "北街", "胡同"}[r.below(8)]
	}
	list := strings.Fields(waysEnglish)
	ends := []string{" Street", " Lane", " Close", " Way", " Road"}
	if main {
		ends = []string{" Avenue", " Road", " Boulevard"}
	}
	return list[r.below(len(list))] + ends[r.below(len(ends))]
}
