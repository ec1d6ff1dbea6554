// Named arrays with text beside them: what a stored model consists of. Estimators turn themselves into
// this and back; the store turns this into safetensors bytes. Holds numbers and text only, never code.

/** Element types that a model may hold, by their safetensors names, and the arrays that carry them. */
export interface TensorData {
  F64: Float64Array;
  F32: Float32Array;
  I32: Int32Array;
  U32: Uint32Array;
  I16: Int16Array;
  U16: Uint16Array;
  I8: Int8Array;
  U8: Uint8Array;
}

export type TensorDtype = keyof TensorData;

/** An array of one element type, row-major. `shape` multiplies to `data.length`; [] is a scalar. */
export type Tensor = {
  [D in TensorDtype]: { dtype: D; shape: number[]; data: TensorData[D] };
}[TensorDtype];

export interface TensorFile {
  tensors: Record<string, Tensor>;
  /** Text beside the tensors; what is not text by nature is JSON. */
  metadata: Record<string, string>;
}
