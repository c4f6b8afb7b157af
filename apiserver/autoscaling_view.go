package apiserver

import (
	"context"

	"kubelite/api"
)

// HorizontalPodAutoscalers have two versions: v2 is stored, v1 shows what it has a field for and puts the rest into
// annotations.
var autoscalerV1View = &View{
	Of: api.KindOf[*api.HorizontalPodAutoscaler](),
	ToStored: func(_ context.Context, obj api.Object) (api.Object, error) {
		return api.HorizontalPodAutoscalerFromV1(obj.(*api.AutoscalingV1HorizontalPodAutoscaler)), nil
	},
	FromStored: func(_ context.Context, objs []api.Object) ([]api.Object, error) {
		for i, obj := range objs {
			objs[i] = api.HorizontalPodAutoscalerToV1(obj.(*api.HorizontalPodAutoscaler))
		}
		return objs, nil
	},
}

// autoscalerV1Strategy is that of v2, applied in the form of v2, where all of the status is in the status.
var autoscalerV1Strategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		asPresentAutoscaler(obj, obj, func(h, _ *api.HorizontalPodAutoscaler) { autoscalerStrategy.PrepareForCreate(h) })
	},
	PrepareForUpdate: func(obj, old api.Object) {
		asPresentAutoscaler(obj, old, func(h, old *api.HorizontalPodAutoscaler) { autoscalerStrategy.PrepareForUpdate(h, old) })
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		asPresentAutoscaler(obj, old, func(h, old *api.HorizontalPodAutoscaler) { autoscalerStrategy.PrepareForStatusUpdate(h, old) })
	},
}

// asPresentAutoscaler changes a v1 autoscaler in the form of v2.
func asPresentAutoscaler(obj, old api.Object, change func(h, old *api.HorizontalPodAutoscaler)) {
	own := obj.(*api.AutoscalingV1HorizontalPodAutoscaler)
	present := api.HorizontalPodAutoscalerFromV1(own)
	change(present, api.HorizontalPodAutoscalerFromV1(old.(*api.AutoscalingV1HorizontalPodAutoscaler)))
	*own = *api.HorizontalPodAutoscalerToV1(present)
}
