package geo

// Datum is what a map's longitudes and latitudes are counted in.
type Datum string

// The datums of public map services.
const (
	WGS84 Datum = "wgs84" // GPS; also the zero Datum ""
	GCJ02 Datum = "gcj02" // China's shifted datum: Amap, Tencent, Google in China
	BD09  Datum = "bd09"  // Baidu's shift on top of GCJ-02
)
