// One line of JSON for each file: what dcmjs and @cornerstonejs/adapters make of it. Run by tests/peers/javascript_readers.py.
import fs from 'node:fs';
import dcmjs from 'dcmjs';
import { adaptersSEG, adaptersSR } from '@cornerstonejs/adapters';
import { metaData } from '@cornerstonejs/core';

const { DicomMessage, DicomMetaDictionary, DicomDict } = dcmjs.data;
function bytesOf(path) {
  const file = fs.readFileSync(path);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
}

function naturalized(bytes) {
  const read = DicomMessage.readFile(bytes);
  const dataset = DicomMetaDictionary.naturalizeDataset(read.dict);
  dataset._meta = DicomMetaDictionary.namifyDataset(read.meta);
  dataset._vrMap ??= {};
  return { read, dataset };
}

// Number of NUM items: dcmjs gives a sequence of one item as that item.
function numbers(item) {
  const children = [item.ContentSequence ?? []].flat();
  return children.reduce((sum, child) => sum + numbers(child), item.ValueType === 'NUM' ? 1 : 0);
}

function throughDcmjs(bytes) {
  const { read, dataset } = naturalized(bytes);
  const again = new DicomDict(read.meta);
  again.dict = DicomMetaDictionary.denaturalizeDataset(dataset);
  const second = naturalized(again.write()).dataset;
  return {
    numbers: numbers(dataset),
    numbersWrittenAgain: numbers(second),
    sameInstance: second.SOPInstanceUID === dataset.SOPInstanceUID,
    frames: Number(dataset.NumberOfFrames ?? 0),
  };
}

// Without the images themselves: every frame has a name, and one record answers for every module that adapters ask for.
function metadata(frames) {
  return {
    get(kind, imageId) {
      const frame = frames[imageId] ?? Object.values(frames)[0];
      return kind === 'imagePlaneModule' ? frame?.plane : frame?.header;
    },
  };
}

// As viewers make it up for ultrasound, which has no position.
function imagePlane(orientation) {
  return {
    imageOrientationPatient: orientation, rowCosines: orientation.slice(0, 3), columnCosines: orientation.slice(3),
    imagePositionPatient: [0, 0, 0], rowPixelSpacing: 1, columnPixelSpacing: 1, usingDefaultValues: true,
  };
}

// Adapters ask the caller for a region's plane, and the core for that of its points.
function annotations(bytes) {
  const { dataset } = naturalized(bytes);
  const anyFrame = metadata({ any: { plane: imagePlane([1, 0, 0, 0, 1, 0]) } });
  metaData.addProvider((kind, imageId) => anyFrame.get(kind, imageId));
  const imageIds = new Proxy({}, { get: (_, uid) => `imageId:${String(uid)}`, has: () => true });
  const state = adaptersSR.Cornerstone3D.MeasurementReport.generateToolState(dataset, imageIds, anyFrame);
  return Object.fromEntries(Object.entries(state).map(([tool, found]) => [tool, found.length]));
}

async function segments(bytes) {
  const { dataset } = naturalized(bytes);
  const series = [dataset.ReferencedSeriesSequence].flat()[0];
  const sopInstanceUID = [series.ReferencedInstanceSequence].flat()[0].ReferencedSOPInstanceUID;
  const shared = [dataset.SharedFunctionalGroupsSequence].flat()[0];
  const orientation = [shared.PlaneOrientationSequence].flat()[0].ImageOrientationPatient.map(Number);
  const last = Math.max(...[dataset.PerFrameFunctionalGroupsSequence].flat().map(sourceFrame));
  const frames = {};
  for (let frameNumber = 1; frameNumber <= last; frameNumber += 1) {
    frames[`clip?frame=${frameNumber}`] = {
      plane: imagePlane(orientation),
      header: {
        sopInstanceUID, SOPInstanceUID: sopInstanceUID, frameNumber, rows: dataset.Rows, columns: dataset.Columns,
        Rows: dataset.Rows, Columns: dataset.Columns,
        seriesInstanceUID: series.SeriesInstanceUID, SeriesInstanceUID: series.SeriesInstanceUID,
      },
    };
  }
  metaData.addProvider((kind, imageId) => metadata(frames).get(kind, imageId)); // where adapters make the images of the segments
  const made = await adaptersSEG.Cornerstone3D.Segmentation.generateToolState(Object.keys(frames), bytes, metadata(frames));
  const segmentsRead = made.segMetadata.data.filter((segment) => segment !== undefined && segment !== null).length;
  return { segments: segmentsRead, framesWithSegments: Object.keys(made.segmentsOnFrame ?? {}).length };
}

function sourceFrame(group) {
  const derivation = [group.DerivationImageSequence].flat()[0];
  return Number([derivation?.SourceImageSequence].flat()[0]?.ReferencedFrameNumber ?? 1);
}

async function attempt(reader, bytes) {
  try {
    return { result: await reader(bytes) };
  } catch (error) {
    return { error: error.message };
  }
}

for (const path of process.argv.slice(2)) {
  const bytes = bytesOf(path);
  const isSegmentation = naturalized(bytes).dataset.Modality === 'SEG';
  const answer = {
    path,
    dcmjs: await attempt(throughDcmjs, bytes),
    adapters: await attempt(isSegmentation ? segments : annotations, bytes),
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
