"The public names of the package. Written by `make prepare` from the `__all__` of its modules."

from .boxes.encoding import (
    decode_boxes as decode_boxes,
    encode_boxes as encode_boxes,
)
from .boxes.forms import (
    box_area as box_area,
    convert_boxes as convert_boxes,
    plot_boxes as plot_boxes,
)
from .boxes.giou import (
    ciou_loss as ciou_loss,
    diou_loss as diou_loss,
    giou_loss as giou_loss,
)
from .boxes.iou import (
    box_iou as box_iou,
)
from .boxes.iou_loss import (
    box_absolute_error as box_absolute_error,
    box_squared_error as box_squared_error,
    iou_loss as iou_loss,
)
from .classification.averages import (
    classification_report as classification_report,
    one_vs_rest as one_vs_rest,
)
from .classification.confusion_matrix import (
    accuracy_score as accuracy_score,
    balanced_accuracy_score as balanced_accuracy_score,
    cohen_kappa_score as cohen_kappa_score,
    exact_match_score as exact_match_score,
    f1_score as f1_score,
    fbeta_score as fbeta_score,
    hamming_loss as hamming_loss,
    matthews_corrcoef as matthews_corrcoef,
    npv_score as npv_score,
    plot_confusion_matrix as plot_confusion_matrix,
    precision_score as precision_score,
    recall_score as recall_score,
    specificity_score as specificity_score,
    top_k_accuracy_score as top_k_accuracy_score,
)
from .classification.cross_entropy import (
    cross_entropy as cross_entropy,
    cross_entropy_from_logits as cross_entropy_from_logits,
    log_softmax as log_softmax,
    softmax as softmax,
)
from .classification.focal import (
    focal_loss as focal_loss,
    focal_loss_from_logits as focal_loss_from_logits,
)
from .classification.hinge import (
    hinge_loss as hinge_loss,
    squared_hinge_loss as squared_hinge_loss,
)
from .classification.log_loss import (
    log_loss as log_loss,
    sigmoid as sigmoid,
)
from .classification.logits import (
    log_loss_from_logits as log_loss_from_logits,
)
from .classification.weights import (
    balanced_class_weight as balanced_class_weight,
    unweighted_proba as unweighted_proba,
)
from .core import (
    FormulaLoss as FormulaLoss,
    GradientCheck as GradientCheck,
    Loss as Loss,
    LossSum as LossSum,
    array_namespace as array_namespace,
    check_gradient as check_gradient,
    loss as loss,
)
from .detection.coco import (
    DetectionMatches as DetectionMatches,
    DetectionTables as DetectionTables,
)
from .detection.coco_files import (
    load_coco as load_coco,
    load_coco_results as load_coco_results,
)
from .detection.evaluation import (
    BestThreshold as BestThreshold,
    DetectionEvaluation as DetectionEvaluation,
    confuse_detections as confuse_detections,
    evaluate_detections as evaluate_detections,
)
from .detection.faults import (
    InvalidAnnotations as InvalidAnnotations,
)
from .detection.folders import (
    load_voc as load_voc,
    load_voc_results as load_voc_results,
    load_yolo as load_yolo,
    load_yolo_results as load_yolo_results,
)
from .detection.masks import (
    Masks as Masks,
)
from .detection.matching import (
    match_detections as match_detections,
)
from .detection.objects import (
    Detections as Detections,
    GroundTruth as GroundTruth,
)
from .detection.report import (
    html_report as html_report,
)
from .detectors.faster_rcnn import (
    FasterRcnnPrediction as FasterRcnnPrediction,
    FasterRcnnTargets as FasterRcnnTargets,
    RoiPrediction as RoiPrediction,
    RoiTargets as RoiTargets,
    RpnPrediction as RpnPrediction,
    RpnTargets as RpnTargets,
    assign_anchors as assign_anchors,
    faster_rcnn_loss as faster_rcnn_loss,
    roi_head_loss as roi_head_loss,
    roi_targets as roi_targets,
    rpn_loss as rpn_loss,
    rpn_targets as rpn_targets,
    sample_anchors as sample_anchors,
)
from .detectors.mask_rcnn import (
    MaskPrediction as MaskPrediction,
    MaskRcnnPrediction as MaskRcnnPrediction,
    MaskRcnnTargets as MaskRcnnTargets,
    MaskTargets as MaskTargets,
    crop_masks as crop_masks,
    mask_loss as mask_loss,
    mask_rcnn_loss as mask_rcnn_loss,
)
from .detectors.set_prediction import (
    DetrPrediction as DetrPrediction,
    DetrTargets as DetrTargets,
    detr_loss as detr_loss,
    detr_targets as detr_targets,
    match_boxes as match_boxes,
)
from .detectors.suppression import (
    non_maximum_suppression as non_maximum_suppression,
)
from .detectors.yolo import (
    YoloPrediction as YoloPrediction,
    YoloTargets as YoloTargets,
    yolo_boxes as yolo_boxes,
    yolo_loss as yolo_loss,
    yolo_targets as yolo_targets,
)
from .ranking.average_precision import (
    PrecisionRecallCurve as PrecisionRecallCurve,
    average_precision_bounds as average_precision_bounds,
    average_precision_score as average_precision_score,
    plot_precision_recall as plot_precision_recall,
    precision_recall_curve as precision_recall_curve,
)
from .ranking.brier import (
    BrierDecomposition as BrierDecomposition,
    brier_decomposition as brier_decomposition,
    brier_score as brier_score,
    multiclass_brier_score as multiclass_brier_score,
    rank_probabilities as rank_probabilities,
)
from .ranking.calibration import (
    CalibrationCurve as CalibrationCurve,
    TopForecasts as TopForecasts,
    calibration_curve as calibration_curve,
    calibration_error as calibration_error,
    fit_temperature as fit_temperature,
    plot_reliability as plot_reliability,
    top_forecasts as top_forecasts,
)
from .ranking.ranked_scores import (
    BinnedScores as BinnedScores,
    Bounds as Bounds,
    RankedClasses as RankedClasses,
    RankedScores as RankedScores,
    RankingMetric as RankingMetric,
    rank_scores as rank_scores,
    ranking_metric as ranking_metric,
)
from .ranking.roc import (
    RocCurve as RocCurve,
    plot_roc as plot_roc,
    roc_auc_bounds as roc_auc_bounds,
    roc_auc_score as roc_auc_score,
    roc_auc_standard_error as roc_auc_standard_error,
    roc_curve as roc_curve,
)
from .regression.absolute_error import (
    absolute_error as absolute_error,
    mean_absolute_error as mean_absolute_error,
    pinball_loss as pinball_loss,
)
from .regression.huber import (
    huber_loss as huber_loss,
    log_cosh_loss as log_cosh_loss,
    smooth_l1_loss as smooth_l1_loss,
)
from .regression.linear_regression import (
    plot_loss as plot_loss,
    plot_residuals as plot_residuals,
    regression_report as regression_report,
)
from .regression.r2 import (
    adjusted_r2_score as adjusted_r2_score,
    explained_variance_score as explained_variance_score,
    r2_score as r2_score,
)
from .regression.rmse import (
    absolute_percentage_error as absolute_percentage_error,
    root_mean_squared_error as root_mean_squared_error,
    squared_log_error as squared_log_error,
    symmetric_absolute_percentage_error as symmetric_absolute_percentage_error,
)
from .regression.squared_error import (
    mean_squared_error as mean_squared_error,
    squared_error as squared_error,
)
from .scale.metrics_that_add import (
    Together as Together,
    add_pairwise as add_pairwise,
    summarize as summarize,
)
from .scale.partitions import (
    PartitionError as PartitionError,
    split_arrays as split_arrays,
    split_coco as split_coco,
    split_parquet as split_parquet,
)
from .segmentation.boundaries import (
    average_surface_distance as average_surface_distance,
    hausdorff_distance as hausdorff_distance,
    surface_dice_score as surface_dice_score,
    surface_distances as surface_distances,
)
from .segmentation.dice import (
    dice_loss as dice_loss,
    dice_score as dice_score,
    iou_score as iou_score,
)
from .segmentation.lovasz import (
    lovasz_hinge_loss as lovasz_hinge_loss,
    lovasz_softmax_loss as lovasz_softmax_loss,
)
from .segmentation.overlap_losses import (
    focal_tversky_loss as focal_tversky_loss,
    generalized_dice_loss as generalized_dice_loss,
    jaccard_loss as jaccard_loss,
    tversky_loss as tversky_loss,
)
from .segmentation.panoptic import (
    PanopticCounts as PanopticCounts,
    panoptic_quality as panoptic_quality,
    recognition_quality as recognition_quality,
    segmentation_quality as segmentation_quality,
)
from .segmentation.pixels import (
    plot_mask as plot_mask,
)
from .summaries import (
    ConfusionMatrix as ConfusionMatrix,
    LabelMetric as LabelMetric,
    Metric as Metric,
    Moments as Moments,
    Summary as Summary,
    WeightedMean as WeightedMean,
    label_metric as label_metric,
    metric as metric,
)

__version__: str
