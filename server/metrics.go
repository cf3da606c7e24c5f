package server

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/precinct-map/precinct/reasoning"
)

// Metrics are the counters that /metrics shows.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	cache    *prometheus.CounterVec
	scenes   *prometheus.CounterVec
	stages   *prometheus.HistogramVec
	model    *prometheus.HistogramVec
	device   *prometheus.GaugeVec
	tiles    *prometheus.CounterVec
	sources  *prometheus.HistogramVec

	deviceName   atomic.Value // string
	sceneSeconds pace
}

var secondsBuckets = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// NewMetrics makes a registry of its own, so that several servers live in one process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "precinct_http_requests_total", Help: "Requests by route and status."}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "precinct_http_request_seconds", Help: "Time to answer by route.", Buckets: secondsBuckets}, []string{"route"}),
		cache: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "precinct_cache_total", Help: "Looks into the memory: hit, miss (made), shared (waited for another's making)."}, []string{"kind", "event"}),
		scenes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "precinct_scenes_total", Help: "Scenes that were run, by outcome."}, []string{"outcome"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "precinct_scene_seconds", Help: "Time of a scene by part, and by stage where it has one.", Buckets: secondsBuckets}, []string{"stage", "part"}),
		model: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "precinct_segmenter_seconds", Help: "Time of the segmenter's graphs; the count is the number of inferences.", Buckets: secondsBuckets}, []string{"graph", "device"}),
		device: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "precinct_device_info", Help: "The device that the segmenter runs on."}, []string{"device"}),
		tiles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "precinct_tiles_total", Help: "Tiles answered, by layer and by the tier that they came from: hot, memory, disk, source, upstream."}, []string{"layer", "tier"}),
		sources: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "precinct_source_seconds", Help: "Time to get a tile that is not in memory, by layer, tier and outcome: tile, missing, failed.", Buckets: secondsBuckets}, []string{"layer", "tier", "outcome"}),
	}
	m.deviceName.Store("")
	m.registry.MustRegister(m.requests, m.duration, m.cache, m.scenes, m.stages, m.model, m.device, m.tiles, m.sources,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Cache counts a look into the memory; it fits cache.New.
func (m *Metrics) Cache(kind, event string) { m.cache.WithLabelValues(kind, event).Inc() }

// Segmenter counts one run of a graph, "encoder" or "decoder".
func (m *Metrics) Segmenter(graph string, took time.Duration) {
	m.model.WithLabelValues(graph, m.deviceName.Load().(string)).Observe(took.Seconds())
}

// Device names the device in use.
func (m *Metrics) Device(name string) {
	m.deviceName.Store(name)
	m.device.WithLabelValues(name).Set(1)
}

// Result counts a scene; it fits reasoning.Config.OnResult.
func (m *Metrics) Result(r *reasoning.Result, err error) {
	switch {
	case reasoning.Abandoned(err):
		m.scenes.WithLabelValues("cancelled").Inc()
	case err != nil:
		m.scenes.WithLabelValues("failed").Inc()
	default:
		m.scenes.WithLabelValues("done").Inc()
		m.stages.WithLabelValues("", "all").Observe(r.Record.Seconds)
		m.sceneSeconds.add(r.Record.Seconds)
		for _, st := range r.Record.Stages {
			stage := strconv.Itoa(int(st.Stage))
			m.stages.WithLabelValues(stage, "vlm").Observe(st.SecondsVLM)
			m.stages.WithLabelValues(stage, "segmenter").Observe(st.SecondsSegmenter)
		}
	}
}
