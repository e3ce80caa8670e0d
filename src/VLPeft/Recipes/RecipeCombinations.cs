using VLPeft.Peft;
using VLPeft.Routing;

namespace VLPeft.Recipes;

/// <summary>Settings that don't go together: found before anything is loaded, so that no flag can silently do nothing.</summary>
internal static class RecipeCombinations
{
    public static void Validate(Recipe recipe)
    {
        bool attaches = recipe.Peft.Method is PeftMethod.Lora or PeftMethod.Adapter;
        bool kindRoutes = KnownBottlenecks.Get(recipe.Peft.Bottleneck).AlwaysUsesFeature;
        bool routed = attaches && (kindRoutes || KnownRoutingFunctions.Get(recipe.Peft.Routing).NeedsFeature);
        bool hasVision = recipe.Vision.Model is not null || recipe.Vision.Features.IsNamed;
        RoutingFeatureSection feature = recipe.RoutingFeature;

        Refuse(!attaches && recipe.Peft.Routing != "none", $"peft.routing: '{recipe.Peft.Routing}' needs a bottleneck, but peft.method is {Name(recipe.Peft.Method)}.");
        Refuse(kindRoutes && recipe.Peft.Routing != "none", $"peft.routing: bottleneck '{recipe.Peft.Bottleneck}' takes the place of the routing function; expected none, got '{recipe.Peft.Routing}'.");
        Refuse(attaches && recipe.Peft.Bottleneck != "shared-down" && !routed, $"peft.bottleneck: '{recipe.Peft.Bottleneck}' is about routing, but peft.routing is none.");
        Refuse(recipe.Peft.Method == PeftMethod.Lora && routed && KnownBottlenecks.Get(recipe.Peft.Bottleneck).RoutesAfterUp && !KnownRoutingFunctions.Get(recipe.Peft.Routing).LearnsFromZero,
            $"peft.bottleneck: '{recipe.Peft.Bottleneck}' with routing '{recipe.Peft.Routing}' can't train in a LoRA: W_up starts at zero, so both factors behind it are zero, and so is "
            + "the gradient of their product, for good; expected routing 'add', or peft.method adapter (whose W_up starts at random).");
        Refuse(!attaches && recipe.Peft.Bottleneck != "shared-down", $"peft.bottleneck: peft.method {Name(recipe.Peft.Method)} has no low-rank bottleneck, but '{recipe.Peft.Bottleneck}' is one.");
        PeftKeys.Validate(recipe.Peft);
        Refuse(recipe.Text.Init == WeightInitialization.Random && recipe.Peft.Method != PeftMethod.Full, "text.init: a language model that starts at random must be trained: peft.method: full.");
        Refuse(recipe.Text.Tokenizer == TokenizerSource.Questions && recipe.Text.Init != WeightInitialization.Random, "text.tokenizer: 'questions' makes a new vocabulary, so the model must start at random: text.init: random.");
        if (recipe.Task == RecipeTask.Multitask)
            return; // the rest is about one vector or prefix beside the text, and one data set
        bool needsImages = (routed || recipe.Text.Prefix != PrefixKind.None) && feature.Source is (RoutingSource.Pooled or RoutingSource.Patches);
        Refuse(needsImages && !hasVision, "vision: routing or the visual prefix needs image features; name vision.model or vision.features.file (or set text.prefix: none and peft.routing: none).");
        Refuse(!hasVision && recipe.Text.Prefix != PrefixKind.None && feature.Source != RoutingSource.Zeros && !needsImages, "vision: the visual prefix needs image features; name vision.model or vision.features.file.");
        Refuse(routed && !kindRoutes && feature.Source == RoutingSource.Patches && KnownRoutingFunctions.Get(recipe.Peft.Routing).NeedsPooledFeature,
            $"peft.routing: '{recipe.Peft.Routing}' routes by one pooled vector a picture, but routing-feature.source is patches; expected pooled, or matmul.");
        Refuse(recipe.Vision.Train && feature.Projection == ProjectionKind.Pca, "routing-feature.projection: pca is fitted once on frozen features, but vision.train is true; use linear.");
        Refuse(recipe.Vision.Train && !(routed || recipe.Text.Prefix != PrefixKind.None), "vision.train: nothing reads the image (text.prefix: none, peft.routing: none).");
        Refuse(recipe.Text.PrefixSource == PrefixSource.Patches && recipe.Text.Prefix == PrefixKind.None, "text.prefix-source: there is no prefix (text.prefix: none).");
        Refuse(recipe.Training.Evaluate != CheckpointChoice.Last && !HasValidation(recipe.Data), "training.evaluate: the best checkpoint is chosen on a validation split, and there is none.");
        Refuse(recipe.Data.KarpathySplit is not null && recipe.Data.Kind != DataKind.Vqav2, "data.karpathy-split: it divides VQAv2's questions (kind: vqav2); captions of that file are read by kind: karpathy.");
    }

    internal static bool HasValidation(DataSection data) => data.ValidationFraction > 0 || data.Kind switch
    {
        DataKind.Gqa or DataKind.Nlvr2 => data.Validation.Questions is not null,
        DataKind.Vqav2 => data.Validation.Questions is not null || data.KarpathySplit is not null,
        DataKind.CocoCaptions => data.Validation.Captions is not null,
        DataKind.Flickr => data.Validation.Pictures is not null,
        DataKind.EasyVqa => false,
        _ => true,
    };

    private static void Refuse(bool wrong, string message)
    {
        if (wrong)
            throw new InvalidInputException(message);
    }

    private static string Name(Enum value) => RecipeNames.Kebab(value.ToString());
}
