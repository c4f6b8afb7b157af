package api

// Metrics as the annotations of autoscaling/v1 have them: one flat struct for each source, where the kind of target
// follows from which value is there.

type v1MetricSpec struct {
	Type              MetricSourceType           `json:"type"`
	Object            *v1ObjectMetric            `json:"object,omitempty"`
	Pods              *v1PodsMetric              `json:"pods,omitempty"`
	Resource          *v1ResourceMetric          `json:"resource,omitempty"`
	ContainerResource *v1ContainerResourceMetric `json:"containerResource,omitempty"`
	External          *v1ExternalMetric          `json:"external,omitempty"`
}

type v1ObjectMetric struct {
	Target       CrossVersionObjectReference `json:"target"`
	MetricName   string                      `json:"metricName"`
	TargetValue  Quantity                    `json:"targetValue"`
	Selector     *LabelSelector              `json:"selector,omitempty"`
	AverageValue *Quantity                   `json:"averageValue,omitempty"`
}

type v1PodsMetric struct {
	MetricName         string         `json:"metricName"`
	TargetAverageValue Quantity       `json:"targetAverageValue"`
	Selector           *LabelSelector `json:"selector,omitempty"`
}

type v1ResourceMetric struct {
	Name                     ResourceName `json:"name"`
	TargetAverageUtilization *int32       `json:"targetAverageUtilization,omitempty"`
	TargetAverageValue       *Quantity    `json:"targetAverageValue,omitempty"`
}

type v1ContainerResourceMetric struct {
	v1ResourceMetric
	Container string `json:"container"`
}

type v1ExternalMetric struct {
	MetricName         string         `json:"metricName"`
	MetricSelector     *LabelSelector `json:"metricSelector,omitempty"`
	TargetValue        *Quantity      `json:"targetValue,omitempty"`
	TargetAverageValue *Quantity      `json:"targetAverageValue,omitempty"`
}

func v1MetricSpecOf(m *MetricSpec) v1MetricSpec {
	out := v1MetricSpec{Type: m.Type}
	if o := m.Object; o != nil {
		out.Object = &v1ObjectMetric{
			Target: o.DescribedObject, MetricName: o.Metric.Name, Selector: o.Metric.Selector,
			TargetValue: Deref(o.Target.Value, Quantity{}), AverageValue: o.Target.AverageValue,
		}
	}
	if p := m.Pods; p != nil {
		out.Pods = &v1PodsMetric{MetricName: p.Metric.Name, Selector: p.Metric.Selector, TargetAverageValue: Deref(p.Target.AverageValue, Quantity{})}
	}
	if r := m.Resource; r != nil {
		out.Resource = &v1ResourceMetric{r.Name, r.Target.AverageUtilization, r.Target.AverageValue}
	}
	if c := m.ContainerResource; c != nil {
		out.ContainerResource = &v1ContainerResourceMetric{v1ResourceMetric{c.Name, c.Target.AverageUtilization, c.Target.AverageValue}, c.Container}
	}
	if e := m.External; e != nil {
		out.External = &v1ExternalMetric{e.Metric.Name, e.Metric.Selector, e.Target.Value, e.Target.AverageValue}
	}
	return out
}

// present is the reverse of v1MetricSpecOf.
func (m *v1MetricSpec) present() MetricSpec {
	out := MetricSpec{Type: m.Type}
	if o := m.Object; o != nil {
		target := MetricTarget{Type: ValueMetricType, Value: &o.TargetValue}
		if o.AverageValue != nil {
			target = MetricTarget{Type: AverageValueMetricType, AverageValue: o.AverageValue}
			if o.TargetValue.Sign() != 0 { // the old form has no absent value, only 0
				target.Value = &o.TargetValue
			}
		}
		out.Object = &ObjectMetricSource{DescribedObject: o.Target, Target: target, Metric: MetricIdentifier{o.MetricName, o.Selector}}
	}
	if p := m.Pods; p != nil {
		out.Pods = &PodsMetricSource{MetricIdentifier{p.MetricName, p.Selector}, MetricTarget{Type: AverageValueMetricType, AverageValue: &p.TargetAverageValue}}
	}
	if r := m.Resource; r != nil {
		out.Resource = &ResourceMetricSource{r.Name, r.target()}
	}
	if c := m.ContainerResource; c != nil {
		out.ContainerResource = &ContainerResourceMetricSource{c.Name, c.target(), c.Container}
	}
	if e := m.External; e != nil {
		target := MetricTarget{Type: ValueMetricType, Value: e.TargetValue, AverageValue: e.TargetAverageValue}
		if e.TargetValue == nil {
			target.Type = AverageValueMetricType
		}
		out.External = &ExternalMetricSource{MetricIdentifier{e.MetricName, e.MetricSelector}, target}
	}
	return out
}

func (r *v1ResourceMetric) target() MetricTarget {
	target := MetricTarget{Type: UtilizationMetricType, AverageUtilization: r.TargetAverageUtilization, AverageValue: r.TargetAverageValue}
	if r.TargetAverageUtilization == nil {
		target.Type = AverageValueMetricType
	}
	return target
}

type v1MetricStatus struct {
	Type              MetricSourceType           `json:"type"`
	Object            *v1ObjectStatus            `json:"object,omitempty"`
	Pods              *v1PodsStatus              `json:"pods,omitempty"`
	Resource          *v1ResourceStatus          `json:"resource,omitempty"`
	ContainerResource *v1ContainerResourceStatus `json:"containerResource,omitempty"`
	External          *v1ExternalStatus          `json:"external,omitempty"`
}

type v1ObjectStatus struct {
	Target       CrossVersionObjectReference `json:"target"`
	MetricName   string                      `json:"metricName"`
	CurrentValue Quantity                    `json:"currentValue"`
	Selector     *LabelSelector              `json:"selector,omitempty"`
	AverageValue *Quantity                   `json:"averageValue,omitempty"`
}

type v1PodsStatus struct {
	MetricName          string         `json:"metricName"`
	CurrentAverageValue Quantity       `json:"currentAverageValue"`
	Selector            *LabelSelector `json:"selector,omitempty"`
}

type v1ResourceStatus struct {
	Name                      ResourceName `json:"name"`
	CurrentAverageUtilization *int32       `json:"currentAverageUtilization,omitempty"`
	CurrentAverageValue       Quantity     `json:"currentAverageValue"`
}

type v1ContainerResourceStatus struct {
	v1ResourceStatus
	Container string `json:"container"`
}

type v1ExternalStatus struct {
	MetricName          string         `json:"metricName"`
	MetricSelector      *LabelSelector `json:"metricSelector,omitempty"`
	CurrentValue        Quantity       `json:"currentValue"`
	CurrentAverageValue *Quantity      `json:"currentAverageValue,omitempty"`
}

func v1MetricStatusOf(m *MetricStatus) v1MetricStatus {
	out := v1MetricStatus{Type: m.Type}
	value := func(q *Quantity) Quantity { return Deref(q, Quantity{}) }
	if o := m.Object; o != nil {
		out.Object = &v1ObjectStatus{o.DescribedObject, o.Metric.Name, value(o.Current.Value), o.Metric.Selector, o.Current.AverageValue}
	}
	if p := m.Pods; p != nil {
		out.Pods = &v1PodsStatus{p.Metric.Name, value(p.Current.AverageValue), p.Metric.Selector}
	}
	if r := m.Resource; r != nil {
		out.Resource = &v1ResourceStatus{r.Name, r.Current.AverageUtilization, value(r.Current.AverageValue)}
	}
	if c := m.ContainerResource; c != nil {
		out.ContainerResource = &v1ContainerResourceStatus{v1ResourceStatus{c.Name, c.Current.AverageUtilization, value(c.Current.AverageValue)}, c.Container}
	}
	if e := m.External; e != nil {
		out.External = &v1ExternalStatus{e.Metric.Name, e.Metric.Selector, value(e.Current.Value), e.Current.AverageValue}
	}
	return out
}

// present is the reverse of v1MetricStatusOf.
func (m *v1MetricStatus) present() MetricStatus {
	out := MetricStatus{Type: m.Type}
	if o := m.Object; o != nil {
		out.Object = &ObjectMetricStatus{MetricIdentifier{o.MetricName, o.Selector}, MetricValueStatus{Value: &o.CurrentValue, AverageValue: o.AverageValue}, o.Target}
	}
	if p := m.Pods; p != nil {
		out.Pods = &PodsMetricStatus{MetricIdentifier{p.MetricName, p.Selector}, MetricValueStatus{AverageValue: &p.CurrentAverageValue}}
	}
	if r := m.Resource; r != nil {
		out.Resource = &ResourceMetricStatus{r.Name, MetricValueStatus{AverageValue: &r.CurrentAverageValue, AverageUtilization: r.CurrentAverageUtilization}}
	}
	if c := m.ContainerResource; c != nil {
		out.ContainerResource = &ContainerResourceMetricStatus{c.Name, MetricValueStatus{AverageValue: &c.CurrentAverageValue, AverageUtilization: c.CurrentAverageUtilization}, c.Container}
	}
	if e := m.External; e != nil {
		out.External = &ExternalMetricStatus{MetricIdentifier{e.MetricName, e.MetricSelector}, MetricValueStatus{Value: &e.CurrentValue, AverageValue: e.CurrentAverageValue}}
	}
	return out
}
