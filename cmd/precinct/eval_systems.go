package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/reader"
	"github.com/precinct-map/precinct/training"
)

func (f *evalFlags) build(ctx context.Context, a *app, kept reasoning.Segmenter) ([]training.System, error) {
	segmenter := training.Timed(kept)
	pipeline := func(label string, vlm reasoning.VLM) training.Pipeline {
		return training.Pipeline{Label: label, Mode: reasoning.Mode(f.mode), Pipeline: &reasoning.Pipeline{VLM: vlm, Segmenter: segmenter,
			Sampling: reasoning.Sampling{Temperature: f.vlm.Temperature, TopP: f.vlm.TopP, MaxTokens: f.vlm.MaxTokens}}}
	}
	boxed := func(name string, edge float64) training.System {
		return training.Prompted{Label: name, Segmenter: segmenter, Prompts: training.LabelBoxes(edge), Labels: true}
	}
	var out []training.System
	servers := 0
	for _, s := range f.named() {
		var system training.System
		switch s {
		case "reader":
			p := pipeline(s, &reader.Reader{Segmenter: segmenter})
			p.Labels = true
			system = p
		case "policy":
			vlm, err := a.policy(f.policy, segmenter)
			if err != nil {
				return nil, err
			}
			p := pipeline(s, vlm)
			p.Labels = true
			system = p
		case "model":
			vlm, err := a.model(ctx)
			if err != nil {
				return nil, err
			}
			system = pipeline(s, vlm)
		case "true-box":
			system = training.Prompted{Label: s, Segmenter: segmenter, Prompts: training.TrueBoxes}
		case "true-point":
			system = training.Prompted{Label: s, Segmenter: segmenter, Prompts: training.TruePoints}
		case "label-box":
			system = boxed(s, labelBoxEdge)
		case "whole-scene":
			system = training.WholeScene{}
		default:
			if edge, ok := labelBox(s); ok {
				system = boxed(s, edge)
				break
			}
			vlm, err := f.endpoint(ctx, s, servers)
			if err != nil {
				return nil, err
			}
			servers++
			system = pipeline(vlm.Name(), vlm)
		}
		if slices.ContainsFunc(out, func(o training.System) bool { return o.Name() == system.Name() }) {
			return nil, usagef("--system: %s is named twice", system.Name())
		}
		if p, ok := system.(training.Pipeline); ok {
			out = append(out, p.Without(f.ablation...)...)
		} else {
			out = append(out, system)
		}
	}
	return out, nil
}

// named are the systems by name, each size of the best label-box one of them.
func (f *evalFlags) named() []string {
	var out []string
	for _, s := range f.systems {
		if s == bestLabelBox {
			out = append(out, labelBoxes()...)
		} else {
			out = append(out, s)
		}
	}
	return out
}

func labelBoxes() []string {
	var out []string
	for _, edge := range training.LabelBoxEdges {
		out = append(out, fmt.Sprintf("label-box:%g", edge))
	}
	return out
}

// endpoint opens the nth server among the systems.
func (f *evalFlags) endpoint(ctx context.Context, address string, n int) (reasoning.VLM, error) {
	v := f.vlm
	own, _ := url.Parse(v.URL)
	asked, err := url.Parse(address)
	if err != nil || asked.Host == "" {
		return nil, usagef("--system %s: it is no address", address)
	}
	if v.URL != "" && own != nil && own.Host != asked.Host {
		v.Key = "" // another server's
	}
	v.URL = address
	pick := func(own string, given []string) string {
		switch {
		case len(given) == 0:
			return own
		case len(given) == 1:
			return given[0]
		}
		return given[n]
	}
	v.Model, v.Dialect = pick(v.Model, f.models), pick(v.Dialect, f.dialects)
	if v.Model == "" {
		return nil, usagef("--system %s: say with --model which model", address)
	}
	return connect(ctx, v)
}
