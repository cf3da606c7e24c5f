package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// Baidu draws its tiles in a projection of its own, "BD-09 MC": metres east and north of longitude and latitude 0, by a polynomial of the
// latitude for each band of 15 degrees. The coefficients are those of Baidu's JavaScript API, class BMap.MercatorProjection (LLBAND, LL2MC,
// MCBAND, MC2LL), as its users publish them; the row above 75 degrees is left out, since the API cuts latitudes at 74. Within 55 degrees
// of the equator the metres are those of Mercator on Clarke's ellipsoid of 1866 to 40 cm, and the two directions undo each other to 30 cm (to 3 cm below 45 degrees);
// up to 74 degrees both to some metres.

// BaiduMaxLatitude is where Baidu's maps end, north and south, in degrees.
const BaiduMaxLatitude = 74

// baiduBand is a band from a bound on: the factor of the longitude, or of the metres east, with its constant; the polynomial of the other
// coordinate, in units of scale.
type baiduBand struct {
	from           float64
	constant, east float64
	north          [7]float64
	scale          float64
}

func (b baiduBand) at(p orb.Point) orb.Point {
	v, power, north := math.Abs(p[1])/b.scale, 1.0, 0.0
	for _, c := range b.north {
		north += c * power
		power *= v
	}
	return orb.Point{math.Copysign(b.constant+b.east*math.Abs(p[0]), p[0]), math.Copysign(north, p[1])}
}

// baiduMetres are the bands of latitude.
func baiduMetres() [5]baiduBand {
	return [...]baiduBand{
		{60, 0.0008277824516172526, 111320.7020463578, [7]float64{647795574.6671607, -4082003173.641316, 10774905663.51142, -15171875531.51559, 12053065338.62167, -5124939663.577472, 913311935.9512032}, 67.5},
		{45, 0.00337398766765, 111320.7020202162, [7]float64{4481351.045890365, -23393751.19931662, 79682215.47186455, -115964993.2797253, 97236711.15602145, -43661946.33752821, 8477230.501135234}, 52.5},
		{30, 0.00220636496208, 111320.7020209128, [7]float64{51751.86112841131, 3796837.749470245, 992013.7397791013, -1221952.21711287, 1340652.697009075, -620943.6990984312, 144416.9293806241}, 37.5},
		{15, -0.0003441963504368392, 111320.7020576856, [7]float64{278.2353980772752, 2485758.690035394, 6070.750963243378, 54821.18345352118, 9540.606633304236, -2710.55326746645, 1405.483844121726}, 22.5},
		{0, -0.0003218135878613132, 111320.7020701615, [7]float64{0.00369383431289, 823725.6402795718, 0.46104986909093, 2351.343141331292, 1.58060784298199, 8.77738589078284, 0.37238884252424}, 7.45},
	}
}

// baiduDegrees are the bands of metres north.
func baiduDegrees() [5]baiduBand {
	return [...]baiduBand{
		{8362377.87, -7.435856389565537e-9, 0.000008983055097726239, [7]float64{-0.78625201886289, 96.32687599759846, -1.85204757529826, -59.36935905485877, 47.40033549296737, -16.50741931063887, 2.28786674699375}, 10260144.86},
		{5591021, -3.030883460898826e-8, 0.00000898305509983578, [7]float64{0.30071316287616, 59.74293618442277, 7.357984074871, -25.38371002664745, 13.45380521110908, -3.29883767235584, 0.32710905363475}, 6856817.37},
		{3481989.83, -1.981981304930552e-8, 0.000008983055099779535, [7]float64{0.03278182852591, 40.31678527705744, 0.65659298677277, -4.44255534477492, 0.85341911805263, 0.12923347998204, -0.04625736007561}, 4482777.06},
		{1678043.12, 3.09191371068437e-9, 0.000008983055096812155, [7]float64{0.00006995724062, 23.10934304144901, -0.00023663490511, -0.6321817810242, -0.00663494467273, 0.03430082397953, -0.00466043876332}, 2555164.4},
		{0, 2.890871144776878e-9, 0.000008983055095805407, [7]float64{-3.068298e-8, 7.47137025468032, -0.00000353937994, -0.02145144861037, -0.00001234426596, 0.00010322952773, -0.00000323890364}, 826088.5},
	}
}

// ProjectBaidu gives Baidu's metres east and north of a BD-09 longitude and latitude in degrees. Latitudes beyond BaiduMaxLatitude are
// clamped. South of the equator it is the north's mirror image; the API takes the equator's band for all of the south, which is wrong.
func ProjectBaidu(p orb.Point) orb.Point {
	p[1] = max(-BaiduMaxLatitude, min(BaiduMaxLatitude, p[1]))
	return baidu(baiduMetres(), p)
}

// UnprojectBaidu gives the BD-09 longitude and latitude in degrees of Baidu's metres east and north.
func UnprojectBaidu(m orb.Point) orb.Point { return baidu(baiduDegrees(), m) }

func baidu(bands [5]baiduBand, p orb.Point) orb.Point {
	for _, b := range bands {
		if math.Abs(p[1]) >= b.from {
			return b.at(p)
		}
	}
	return orb.Point{math.NaN(), math.NaN()} // of NaN
}
